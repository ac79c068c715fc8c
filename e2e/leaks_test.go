package e2e

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// hidden contains values that no Nidan may write to its log, collected as they appear in the tests: device tokens, session tokens, and values
// that tests add. The codes and the configured secrets of a Nidan are collected when this Nidan ends.
var hidden registry

// shortest is the least length of a secret. Shorter texts are words that appear everywhere, and Nidan refuses them as secrets.
const shortest = 8

type registry struct {
	mu   sync.Mutex
	all  []string
	seen map[string]bool

	logs, bytes, codes int // how much was searched
}

func (r *registry) add(values ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	for _, v := range values {
		if len(v) >= shortest && !r.seen[v] {
			r.seen[v] = true
			r.all = append(r.all, v)
		}
	}
}

// since returns the values that were added after the first n.
func (r *registry) since(n int) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all[n:])
}

func (r *registry) searched(log string, codes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs, r.bytes, r.codes = r.logs+1, r.bytes+len(log), r.codes+len(codes)
}

// manyLogs is a number of logs: after so many, a run or a part of it must have searched for something.
const manyLogs = 20

// report says what was searched. It returns an error if nothing was searched for in a run of all tests, or in many logs.
func (r *registry) report() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Printf("%d logs of %d bytes were searched for %d codes and %d tokens\n", r.logs, r.bytes, r.codes, len(r.all))
	if whole := flag.Lookup("test.run").Value.String() == ""; (whole || r.logs >= manyLogs) && (r.bytes == 0 || r.codes == 0 || len(r.all) == 0) {
		return fmt.Errorf("the logs were searched for nothing")
	}
	return nil
}

// token matches a device token or a session token in an answer of Kratos or Nidan, and a device's cookie in a call of Kratos.
var token = regexp.MustCompile(`"(?:device_token|session_token|(?:__Host-)?nidan_device(?:_next)?)"\s*:\s*"([^"\\]{20,})"`)

// came collects the tokens in a text that was sent or answered.
func (r *registry) came(said string) {
	for _, found := range token.FindAllStringSubmatch(said, -1) {
		r.add(found[1])
	}
}

// keepsSecrets searches the log of a Nidan when the test ends.
func (n *nidan) keepsSecrets() {
	from := len(hidden.since(0))
	n.t.Cleanup(func() {
		log, codes := n.log.String(), n.mailedCodes()
		hidden.searched(log, codes)
		for _, line := range leaks(log, codes, slices.Concat(n.configured(), hidden.since(from), []string{hookToken, password})) {
			n.t.Errorf("a code, a token or a secret is in the log: %s", line)
		}
	})
}

var aCode = regexp.MustCompile(`(?m)^\d{4,10}$`)

// mailedCodes returns all codes that arrived.
func (n *nidan) mailedCodes() (codes []string) {
	if n.mailbox == nil {
		return nil
	}
	for _, m := range n.mailbox.Messages() {
		codes = append(codes, aCode.FindAllString(m.Text, -1)...)
	}
	return codes
}

var secretKey = regexp.MustCompile(`^NIDAN_\w*(SECRETS|TOKENS?|PASSWORD)(_FILE)?=`)

// configured returns the secrets that Nidan was given, in the environment or in files.
func (n *nidan) configured() (secrets []string) {
	environ := slices.Clone(n.env)
	for _, p := range n.processes {
		environ = append(environ, p.env...)
	}
	for _, v := range environ {
		name := secretKey.FindString(v)
		if name == "" {
			continue
		}
		value := strings.TrimPrefix(v, name)
		if strings.HasSuffix(name, "_FILE=") {
			content, _ := os.ReadFile(value)
			value = string(content)
		}
		for _, s := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(", \r\n", r) }) {
			if len(s) >= shortest {
				secrets = append(secrets, s)
			}
		}
	}
	return secrets
}

// Texts that contain six digits by chance: identifiers, revisions, and the fractions of times.
var (
	byChance = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{16,}\b|\d+\.\d+`)
	digits   = regexp.MustCompile(`\d+`)
)

// leaks returns the lines that contain one of the codes, as a number of its own, or one of the secrets.
func leaks(log string, codes, secrets []string) (lines []string) {
	if log == "" {
		return nil
	}
	isCode := map[string]bool{}
	for _, c := range codes {
		isCode[c] = true
	}
	told := slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return !strings.Contains(log, s) })
	for line := range strings.Lines(log) {
		holds := slices.ContainsFunc(digits.FindAllString(byChance.ReplaceAllString(line, " "), -1), func(n string) bool { return isCode[n] }) ||
			slices.ContainsFunc(told, func(s string) bool { return strings.Contains(line, s) })
		if holds {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestALeakIsFound(t *testing.T) {
	codes, secrets := []string{"123456", "87654321"}, []string{"the-secret-token"}
	for line, want := range map[string]bool{
		"level=INFO msg=mailed code=123456":                                     true,
		`{"msg":"mailed","code":"123456"}`:                                      true,
		"the body was transient_payload.two_factor.code%3D123456&x":             true,
		"the body was code=123456":                                              true,
		"err=\"the code 123456, which was wrong\"":                              true,
		"code123456sent":                                                        true,
		"a longer one: 87654321":                                                true,
		"Authorization: Bearer the-secret-token":                                true,
		"%22the-secret-token%22":                                                true,
		"code=123457":                                                           false,
		"bytes=1234567 and 0123456":                                             false,
		"time=2026-04-01T09:00:00.123456Z msg=sign-in":                          false,
		"took=1.123456ms":                                                       false,
		"account=a123456b-0000-4123-8123-123456123456 flow=x":                   false,
		"revision=ab123456cd123456":                                             false,
		"public=127.0.0.1:12345":                                                false,
		"flow=00000000-0000-0000-0000-000000123456 code=123456 is one all same": true,
	} {
		if got := len(leaks("before\n"+line+"\nafter\n", codes, secrets)) == 1; got != want {
			t.Errorf("%s: found: %v", line, got)
		}
	}
}

func TestTokensAreSeenAsTheyComeUp(t *testing.T) {
	var r registry
	r.came(`{"context": {"challenge": {"device_token":"a-device-token-of-43-characters", "code_length": 6}}}`)
	r.came(`{"session_token" : "a-session-token-of-many", "session": {}}`)
	r.came(`{"request_cookies": {"nidan_device": "the-cookie-of-a-browser", "__Host-nidan_device": ""}}`)
	if got := strings.Join(r.since(0), " "); got != "a-device-token-of-43-characters a-session-token-of-many the-cookie-of-a-browser" {
		t.Errorf("got %s", got)
	}
}
