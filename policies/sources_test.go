package policies

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

func TestDataIsFoundWhereItIsWritten(t *testing.T) {
	set := files(valid, "")
	for name, text := range map[string]string{
		"data.json":             "{\n\t\"parameters\": {\n\t\t\"code\": {\"length\": 6,\n\t\t\t\"ttl_seconds\": 60}},\n\t\"custom\": {\"list\": [1,\n\t\t2]}, \"w\\u00fcrde\": \"\\ud83d\\ude00\"\n}",
		"house/data.yaml":       "# ours\nnight_shift:\n  - agent\n  - owner\nterms: {days: 3}\n",
		"house/attic/data.json": `{"boxes": 1}`,
	} {
		set[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s, err := Load(set)
	if err != nil {
		t.Fatal(err)
	}
	for names, want := range map[string]string{
		"parameters":                  "data.json:2",
		"parameters code length":      "data.json:3",
		"parameters code ttl_seconds": "data.json:4",
		"parameters code nothing":     "data.json:3", // the nearest place above
		"custom list 1":               "data.json:6",
		"house night_shift":           "house/data.yaml:2",
		"house night_shift 1":         "house/data.yaml:4",
		"house terms days":            "house/data.yaml:5",
		"house attic boxes":           "house/attic/data.json:1",
		"würde":                       "data.json:6",
	} {
		if got := s.DataPlace(strings.Fields(names)...); got != want {
			t.Errorf("%s: %s, want %s", names, got, want)
		}
	}
	kept, err := FromFiles(s.Files())
	if err != nil || kept.DataPlace("parameters") != "" {
		t.Errorf("the file of a set that was kept is said to have lines: %v", err)
	}
}

func TestWhatIsWrongWithASetIsToldApart(t *testing.T) {
	wrong := func(set fstest.MapFS) []Problem {
		t.Helper()
		s, err := Load(set)
		if err == nil {
			_, _, err = Check(t.Context(), s, DecideWithin)
		}
		if err == nil {
			t.Fatal("nothing is wrong")
		}
		return Problems(fmt.Errorf("in some place: %w", errors.Join(err, errors.New("something else"))))
	}
	set := files(valid, "")
	set["data.json"] = &fstest.MapFile{Data: []byte("{\"parameters\": {\n\"no_emial\": \"allow\",\n\"roles\": 1}}")}
	set["other/other.rego"] = &fstest.MapFile{Data: []byte("package other\n\np if input.account.locked\n")}
	var got []string
	for _, p := range wrong(set) {
		got = append(got, fmt.Sprintf("%s %s %d %t", p.Rule, p.File, p.Line, strings.Contains(p.Text, p.File)))
	}
	if want := "annotation other/other.rego 3 true, parameter data.json 2 true, parameter data.json 3 true"; strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}

	// If a rule fails while a sign-in is tried, the place is that of the rule.
	p := wrong(files("decision := {\"action\": \"allow\", \"reason\": \"r\", \"channel\": \"c\"} if {\n\t1 / input.device.age_days > 0\n}", ""))
	if len(p) != 1 || p[0].Rule != "undecided" || p[0].File != "login/login.rego" || p[0].Line != 7 {
		t.Errorf("got %+v", p)
	}
	if p := Problems(errors.New("no such folder")); p != nil || Problems(nil) != nil {
		t.Errorf("got %+v", p)
	}
}

// Without this check, OPA could read only the beginning of such a file and ignore the rest without a message.
func TestDataThatIsNoJSONIsRefusedByLine(t *testing.T) {
	for text, want := range map[string]string{
		"{\n\"a\": 1\n\"b\": 2}":   "data.json:3: this is no JSON: ",
		"{\n\"a\": 1,\n}":          "data.json:3: this is no JSON: ",
		"{\"a\": 1}\n\n{\"b\": 2}": "data.json:3: this is no JSON: ",
		"{\n":                      "data.json:2: this is no JSON: ",
	} {
		set := files(valid, "")
		set["data.json"] = &fstest.MapFile{Data: []byte(text)}
		if got := refusal(t, set); !strings.HasPrefix(got, "load the policies: "+want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
