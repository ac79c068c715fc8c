package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"nidan/kratos"
)

// block matches one block of the exchange in docs/native-clients.md: a request, an answer, or a mail.
var block = regexp.MustCompile("(?s)```(http|text)\n(.*?)```\n")

// varying matches values that differ each time. Of ids, times, tokens and waits, only the kind is compared.
var varying = regexp.MustCompile(strings.Join([]string{
	`(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b)`,
	`(?P<instant>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)`,
	`(?P<session>ory_st_\w{32})`,
	`(?P<device>^[\w-]{43}$)`,
	`(?P<wait>\d+ seconds)`,
}, "|"))

// replay runs a documented exchange again. If the page shows a value that differs each time, the first real value in its place stands for
// this value from then on.
type replay struct {
	*nidan
	real  map[string]string // the real value for each value that the page shows
	shown map[string]string // the shown value for each real value
}

// The exchange that the page shows to developers of native clients takes place.
func TestTheDocumentedExchangeTakesPlace(t *testing.T) {
	page, err := os.ReadFile("../docs/native-clients.md")
	if err != nil {
		t.Fatal(err)
	}
	_, exchange, found := strings.Cut(strings.ReplaceAll(string(page), "http://127.0.0.1:4455", origin), "\n## A complete exchange\n")
	blocks := block.FindAllStringSubmatch(exchange, -1)
	if !found || len(blocks) < 10 {
		t.Fatalf("%d blocks were found", len(blocks))
	}
	name := account(t, func(a *kratos.Account) { a.Email = "agent@example.com" })
	r := &replay{started(t), map[string]string{"agent": name, "nidan-demo-2026": password}, map[string]string{}}
	var status int
	var said []byte
	for i, b := range blocks {
		kind, text := b[1], b[2]
		head, body, _ := strings.Cut(text, "\n\n")
		switch {
		case kind == "text":
			r.mail(text)
		case strings.HasPrefix(head, "HTTP/1.1 "):
			r.answer(fmt.Sprintf("block %d", i+1), head, body, status, said)
			said = nil
		case said != nil:
			t.Fatalf("block %d: the request before it has no answer", i+1)
		default:
			status, said = r.request(head, body)
		}
	}
	if said != nil {
		t.Error("the last request has no answer")
	}
}

// request makes a documented request.
func (r *replay) request(head, body string) (status int, said []byte) {
	r.t.Helper()
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	header := http.Header{}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		header.Set(name, r.inReal(value))
	}
	if body != "" {
		raw, err := json.Marshal(r.valuesInReal(r.decode([]byte(body))))
		if err != nil {
			r.t.Fatal(err)
		}
		body = string(raw)
	}
	status, said, err := ask(r.t.Context(), method, r.public+r.inReal(path), body, header)
	if err != nil {
		r.t.Fatal(err)
	}
	return status, said
}

// inReal replaces the varying values in a text, or a whole text that stands for another one.
func (r *replay) inReal(text string) string {
	if real, known := r.real[text]; known {
		return real
	}
	return varying.ReplaceAllStringFunc(text, func(shown string) string {
		if real, known := r.real[shown]; known {
			return real
		}
		r.t.Fatalf("%s is sent, and no answer has shown it", shown)
		return ""
	})
}

func (r *replay) valuesInReal(v any) any {
	switch v := v.(type) {
	case string:
		return r.inReal(v)
	case map[string]any:
		for name := range v {
			v[name] = r.valuesInReal(v[name])
		}
	}
	return v
}

func (r *replay) decode(text []byte) (v any) {
	r.t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		r.t.Fatalf("no JSON: %v: %s", err, text)
	}
	return v
}

// answer compares an answer with the documented one.
func (r *replay) answer(at, head, body string, status int, said []byte) {
	r.t.Helper()
	code, reason, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(head), "HTTP/1.1 "), " ")
	if code != strconv.Itoa(status) || reason != http.StatusText(status) {
		r.t.Fatalf("%s: the status is %d, and %s is documented: %s", at, status, head, said)
	}
	r.compare(at, r.decode([]byte(body)), r.decode(said))
}

// omitted means, on the page, that there is more: a member with this name, or an entry.
const omitted = "…"

func (r *replay) compare(at string, shown, got any) {
	r.t.Helper()
	switch shown := shown.(type) {
	case map[string]any:
		members, ok := got.(map[string]any)
		if !ok {
			r.t.Errorf("%s: an object is documented, and it is %v", at, got)
			return
		}
		_, more := shown[omitted]
		for name := range members {
			if _, documented := shown[name]; !documented && !more {
				r.t.Errorf("%s/%s: it is not documented", at, name)
			}
		}
		for name := range shown {
			if name == omitted {
				continue
			}
			if _, there := members[name]; !there {
				r.t.Errorf("%s/%s: it is documented, and not there", at, name)
				continue
			}
			r.compare(at+"/"+name, shown[name], members[name])
		}
	case []any:
		entries, ok := got.([]any)
		if !ok || len(entries) != len(shown) {
			r.t.Errorf("%s: documented is %v, and it is %v", at, shown, got)
			return
		}
		for i := range shown {
			r.compare(fmt.Sprintf("%s/%d", at, i), shown[i], entries[i])
		}
	case string:
		text, ok := got.(string)
		if !ok {
			r.t.Errorf("%s: a text is documented, and it is %v", at, got)
			return
		}
		r.compareText(at, shown, text)
	default:
		if shown != got {
			r.t.Errorf("%s: documented is %v, and it is %v", at, shown, got)
		}
	}
}

// compareText compares two texts except for their varying values, and learns which real values these stand for.
func (r *replay) compareText(at, shown, got string) {
	r.t.Helper()
	if r.real[shown] == got || kinds(shown) == kinds(got) {
		of, is := varying.FindAllString(shown, -1), varying.FindAllString(got, -1)
		for i := range of {
			if real, known := r.real[of[i]]; known && real != is[i] {
				r.t.Errorf("%s: %s stands for %s, and for %s", at, of[i], real, is[i])
			}
			if other, known := r.shown[is[i]]; known && other != of[i] {
				r.t.Errorf("%s: %s and %s stand for the same, %s", at, of[i], other, is[i])
			}
			r.real[of[i]], r.shown[is[i]] = is[i], of[i]
		}
		return
	}
	r.t.Errorf("%s: documented is %q, and it is %q", at, shown, got)
}

// kinds returns a text with kinds in the place of its varying values.
func kinds(text string) string {
	return varying.ReplaceAllStringFunc(text, func(found string) string {
		for i, group := range varying.FindStringSubmatch(found) {
			if i > 0 && group != "" {
				return "<" + varying.SubexpNames()[i] + ">"
			}
		}
		return found
	})
}

// mail compares the newest mail with the documented one, except for the code.
func (r *replay) mail(shown string) {
	r.t.Helper()
	real, documented := r.newestCode(), sixDigits.FindString(shown)
	r.real[documented] = real
	m := r.mailbox.Messages()[0]
	got := "To: " + m.To + "\nSubject: " + m.Subject + "\n\n" + m.Text
	if want := strings.ReplaceAll(shown, documented, real); strings.TrimSpace(got) != strings.TrimSpace(want) {
		r.t.Errorf("the mail is\n%s\nand documented is\n%s", got, want)
	}
}
