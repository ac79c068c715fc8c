package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"testing"

	"nidan/kratos"
)

// officeOnly returns a folder with the policies that ship and one more rule, written as policies/README.md says: in the office,
// 203.0.113.0/24, no code is asked.
func officeOnly(t *testing.T) string {
	t.Helper()
	dir := changedPolicies(t)
	const next = `} else := {"action": "allow", "reason": "channel_off"} if {`
	edit(t, filepath.Join(dir, "login", "login.rego"), next, `} else := {"action": "allow", "reason": "in_office"} if {
	input.request.ip_trusted == true
	net.cidr_contains("203.0.113.0/24", input.request.ip)
`+next)
	return dir
}

// by makes the rest of the test reach Kratos' public API at another address.
func by(t *testing.T, address string) {
	t.Helper()
	before := kratosPublic
	kratosPublic = address
	t.Cleanup(func() { kratosPublic = before })
}

// seenAt returns the client's address that the policies were given for the newest sign-in, and whether they may trust it.
func (n *nidan) seenAt() string {
	n.t.Helper()
	var detail []byte
	err := n.database().QueryRowContext(n.t.Context(), `SELECT detail FROM records WHERE kind = 'sign_in' ORDER BY id DESC LIMIT 1`).Scan(&detail)
	if err != nil {
		n.t.Fatal(err)
	}
	var kept struct {
		Input struct {
			Request struct {
				IP      string
				Trusted *bool `json:"ip_trusted"`
				Headers map[string]string
			}
		}
	}
	if err := json.Unmarshal(detail, &kept); err != nil || kept.Input.Request.Trusted == nil {
		n.t.Fatalf("%v in %s", err, detail)
	}
	for name, value := range kept.Input.Request.Headers {
		if name != "accept-language" && name != "user-agent" {
			n.t.Errorf("the policies are told %s: %s", name, value)
		}
	}
	return trusted(kept.Input.Request.IP, *kept.Input.Request.Trusted)
}

func trusted(ip string, is bool) string { return fmt.Sprintf("%q, trusted %t", ip, is) }

func TestTheAddressBehindAProxy(t *testing.T) {
	n := started(t, "NIDAN_POLICIES_DIR="+officeOnly(t), "NIDAN_PUBLIC_TRUSTED_PROXIES=127.0.0.1/32")
	by(t, n.public)
	name := account(t, nil)
	for how, tc := range map[string]struct {
		header http.Header
		ends   string
		seenAt string
	}{
		"in the office":                    {http.Header{"X-Forwarded-For": {"203.0.113.9"}}, letIn, trusted("203.0.113.9", true)},
		"elsewhere":                        {http.Header{"X-Forwarded-For": {"198.51.100.7"}}, asked, trusted("198.51.100.7", true)},
		"elsewhere, by IPv6":               {http.Header{"X-Forwarded-For": {"2001:db8::1"}}, asked, trusted("2001:db8::1", true)},
		"on a private network":             {http.Header{"X-Forwarded-For": {"10.1.2.3"}}, asked, trusted("10.1.2.3", true)},
		"elsewhere, and lying":             {http.Header{"X-Forwarded-For": {"203.0.113.9, 198.51.100.7"}}, asked, trusted("198.51.100.7", true)},
		"elsewhere, and lying elsewhere":   {http.Header{"X-Forwarded-For": {"198.51.100.7"}, "True-Client-Ip": {"203.0.113.9"}}, asked, trusted("198.51.100.7", true)},
		"in the office, and hiding it":     {http.Header{"X-Forwarded-For": {"203.0.113.9"}, "True-Client-Ip": {"198.51.100.7"}}, letIn, trusted("203.0.113.9", true)},
		"behind a proxy that does not say": {http.Header{"X-Real-Ip": {"203.0.113.9"}}, asked, trusted("127.0.0.1", false)},
	} {
		t.Run(how, func(t *testing.T) {
			n.t = t
			n.rested()
			s := newSignIn(t, name)
			s.header = tc.header
			r := s.submit(nil)
			if got := r.ending(); got != tc.ends || n.seenAt() != tc.seenAt {
				t.Errorf("as a softphone: %s, seen at %s, want %s, seen at %s", got, n.seenAt(), tc.ends, tc.seenAt)
			}
			f := newForm(t, name)
			f.header = tc.header
			if got := f.ending(`{}`); got != tc.ends || n.seenAt() != tc.seenAt {
				t.Errorf("as a browser: %s, seen at %s, want %s, seen at %s", got, n.seenAt(), tc.ends, tc.seenAt)
			}
			if tc.ends == letIn && r.Token != "" {
				expectKratosKnows(t, r.Token, "203.0.113.9")
			}
		})
	}
}

// expectKratosKnows checks that Kratos' own record of a session has this address.
func expectKratosKnows(t *testing.T, token, address string) {
	t.Helper()
	var who struct {
		Devices []struct {
			IP string `json:"ip_address"`
		}
	}
	s := &signIn{t: t}
	s.json(http.MethodGet, kratosPublic+"/sessions/whoami", nil, http.Header{"X-Session-Token": {token}}, &who)
	if len(who.Devices) != 1 || who.Devices[0].IP != address {
		t.Errorf("Kratos knows of %+v, want %s", who.Devices, address)
	}
}

// A client outside of the office claims to be in the office, in each possible way, to Nidan and to Kratos itself.
func TestLiesAboutTheAddress(t *testing.T) {
	n := started(t, "NIDAN_POLICIES_DIR="+officeOnly(t))
	name := account(t, nil)
	const office = "203.0.113.9"
	toKratos := kratosPublic
	for how, tc := range map[string]struct {
		header http.Header
		kratos string // what Kratos takes for the address from this header; empty: nothing that is an address
	}{
		"True-Client-Ip":              {http.Header{"True-Client-Ip": {office}}, office},
		"Cf-Connecting-Ip":            {http.Header{"Cf-Connecting-Ip": {office}}, office},
		"X-Real-Ip":                   {http.Header{"X-Real-Ip": {office}}, office},
		"X-Forwarded-For":             {http.Header{"X-Forwarded-For": {office}}, office},
		"Forwarded":                   {http.Header{"Forwarded": {"for=" + office}}, "127.0.0.1"},
		"True-Client-Ip and a port":   {http.Header{"True-Client-Ip": {office + ":443"}}, office},
		"True-Client-Ip, no address":  {http.Header{"True-Client-Ip": {"the office"}}, ""},
		"X-Forwarded-For, no address": {http.Header{"X-Forwarded-For": {"<office>"}}, ""},
		"a signature made up": {http.Header{"True-Client-Ip": {office},
			"Priority": {`u=3, nidan="1775000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"`}}, office},
		"True-Client-Ip twice":     {http.Header{"True-Client-Ip": {office, office}, "Priority": {"u=3", "u=3"}}, office},
		"headers to be taken away": {http.Header{"True-Client-Ip": {office}, "Connection": {"True-Client-Ip, Priority"}}, office},
	} {
		for at, address := range map[string]struct{ url, seenAt string }{
			"by way of Nidan": {n.public, trusted("127.0.0.1", true)}, "to Kratos itself": {toKratos, trusted(tc.kratos, false)},
		} {
			t.Run(how+" "+at, func(t *testing.T) {
				n.t = t
				n.rested()
				by(t, address.url)
				s := newSignIn(t, name)
				s.header = tc.header
				if got := s.submit(nil).ending(); got != asked || n.seenAt() != address.seenAt {
					t.Errorf("as a softphone: %s, seen at %s, want %s", got, n.seenAt(), address.seenAt)
				}
				f := newForm(t, name)
				f.header = tc.header
				if got := f.ending(`{}`); got != asked || n.seenAt() != address.seenAt {
					t.Errorf("as a browser: %s, seen at %s, want %s", got, n.seenAt(), address.seenAt)
				}
			})
		}
	}
}

// An attacker who gets hold of a signature, perhaps from Kratos' log, cannot use it in another sign-in.
func TestASignatureIsNoUseInAnotherSignIn(t *testing.T) {
	n := started(t, "NIDAN_POLICIES_DIR="+officeOnly(t), "NIDAN_PUBLIC_TRUSTED_PROXIES=127.0.0.1/32")
	toKratos, name := kratosPublic, account(t, nil)
	by(t, n.public)
	s := newSignIn(t, name)
	s.header = http.Header{"X-Forwarded-For": {"203.0.113.9"}}
	if got := s.submit(nil).ending(); got != letIn {
		t.Fatalf("in the office: %s", got)
	}
	calls, _ := theRelay.seen()
	stolen := regexp.MustCompile(`nidan%3D%5C%22(\d+\.[\w-]{43})%5C%22`).FindStringSubmatch(calls[len(calls)-1])
	if stolen == nil {
		t.Fatalf("there is no signature in %s", calls[len(calls)-1])
	}
	by(t, toKratos)
	s = newSignIn(t, name)
	s.header = http.Header{"True-Client-Ip": {"203.0.113.9"}, "Priority": {`u=3, nidan="` + stolen[1] + `"`}}
	if got := s.submit(nil).ending(); got != asked || n.seenAt() != trusted("203.0.113.9", false) {
		t.Errorf("%s, seen at %s", got, n.seenAt())
	}
	if log := n.log.String(); regexp.MustCompile(regexp.QuoteMeta(stolen[1]) + "|nidan=").MatchString(log) {
		t.Errorf("the log contains the signature: %s", log)
	}
}

// The page tells the browser no address of Kratos but Nidan's own.
func TestThePageSubmitsByWayOfNidan(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	who := account(t, func(a *kratos.Account) { a.TwoFactor = false })
	w.signIn(who)
	w.in(who)
	if got := n.seenAt(); got != trusted("127.0.0.1", true) {
		t.Errorf("seen at %s", got)
	}
}
