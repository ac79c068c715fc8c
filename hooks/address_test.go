package hooks

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"nidan/challenge"
	"nidan/policies"
)

// told is input.request of the newest record.
func (s *scene) told() policies.Request {
	s.t.Helper()
	var detail []byte
	if err := s.store.DB().QueryRowContext(s.t.Context(), `SELECT detail FROM records ORDER BY id DESC LIMIT 1`).Scan(&detail); err != nil {
		s.t.Fatal(err)
	}
	var kept struct{ Input policies.Input }
	if err := json.Unmarshal(detail, &kept); err != nil {
		s.t.Fatal(err)
	}
	return kept.Input.Request
}

func keyring(t *testing.T, secrets ...string) *challenge.Keyring {
	t.Helper()
	for i, s := range secrets {
		secrets[i] = strings.Repeat(s, challenge.MinSecretLength)
	}
	keys, err := challenge.NewKeyring(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestAnAddressIsTrustedIfNidanSignedIt(t *testing.T) {
	s := newScene(t, policies.Shipped())
	client := netip.MustParseAddr("203.0.113.9")
	signed := func(secret, address, flow string, after time.Duration) string {
		return SignAddress(keyring(t, secret), netip.MustParseAddr(address), flow, s.now.Add(after))
	}
	right := signed("k", "203.0.113.9", "flow-1", 0)
	const trusted, byKratos = "203.0.113.9", "192.0.2.1"
	for name, tc := range map[string]struct {
		address, signature string
		want               string
	}{
		"signed":                           {"203.0.113.9", right, trusted},
		"signed, of IPv6":                  {"2001:db8::1", signed("k", "2001:db8::1", "flow-1", 0), "2001:db8::1"},
		"signed nearly five minutes ago":   {"203.0.113.9", signed("k", "203.0.113.9", "flow-1", -299*time.Second), trusted},
		"signed by a clock that is ahead":  {"203.0.113.9", signed("k", "203.0.113.9", "flow-1", 299*time.Second), trusted},
		"signed over five minutes ago":     {"203.0.113.9", signed("k", "203.0.113.9", "flow-1", -301*time.Second), byKratos},
		"signed in the future":             {"203.0.113.9", signed("k", "203.0.113.9", "flow-1", 301*time.Second), byKratos},
		"signed before there was a clock":  {"203.0.113.9", signed("k", "203.0.113.9", "flow-1", -1<<63), byKratos},
		"signed for another address":       {"203.0.113.9", signed("k", "203.0.113.8", "flow-1", 0), byKratos},
		"signed in another flow":           {"203.0.113.9", signed("k", "203.0.113.9", "flow-2", 0), byKratos},
		"signed with another secret":       {"203.0.113.9", signed("o", "203.0.113.9", "flow-1", 0), byKratos},
		"not signed":                       {"203.0.113.9", "", byKratos},
		"with another time than is signed": {"203.0.113.9", strings.Replace(right, `"1`, `"2`, 1), byKratos},
		"with a part of the signature":     {"203.0.113.9", right[:len(right)-3] + `"`, byKratos},
		"with an empty signature":          {"203.0.113.9", `u=3, nidan="1."`, byKratos},
		"with a time alone":                {"203.0.113.9", `u=3, nidan="1"`, byKratos},
		"with what is no signature":        {"203.0.113.9", "u=1, i", byKratos},
		"with one signature of two":        {"203.0.113.9", right + ", " + right, byKratos},
		"with a signature and no address":  {"", right, byKratos},
		"with what is no address":          {"office", right, byKratos},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.submit(object{"request_headers": object{AddressHeader: []any{tc.address}, SignatureHeader: []any{tc.signature}}})
			if got := s.told(); got.IP != tc.want || got.IPTrusted != (tc.want != byKratos) {
				t.Errorf("the policies are told %s, trusted %t, want %s", got.IP, got.IPTrusted, tc.want)
			}
		})
	}
	t.Run("signed with a secret that is being rotated out", func(t *testing.T) {
		s.t, s.hook.Keys = t, keyring(t, "n", "k")
		s.submit(object{"request_headers": object{AddressHeader: []any{client.String()}, SignatureHeader: []any{right}}})
		if got := s.told(); got.IP != trusted || !got.IPTrusted {
			t.Errorf("the policies are told %s, trusted %t", got.IP, got.IPTrusted)
		}
	})
}

// byNetwork is a policy that uses the address and ignores whether the address is trusted.
var byNetwork = fstest.MapFS{"login/login.rego": {Data: []byte(`package nidan.login

default decision := {"action": "refuse", "reason": "elsewhere", "channel": "softphone"}

decision := {"action": "allow", "reason": "in_office", "channel": "softphone"} if {
	input.request.ip != ""
	net.cidr_contains("192.0.2.0/24", input.request.ip)
}
`)}}

func TestWhatKratosHasForAnAddressCanBeDecidedOn(t *testing.T) {
	s := newScene(t, byNetwork)
	for said, want := range map[string]struct{ ip, recorded string }{
		"192.0.2.7":              {"192.0.2.7", "allowed in_office"},
		"192.0.2.7:1234":         {"192.0.2.7", "allowed in_office"},
		" 192.0.2.7 ":            {"192.0.2.7", "allowed in_office"},
		"::ffff:192.0.2.7":       {"192.0.2.7", "allowed in_office"},
		"203.0.113.9:1":          {"203.0.113.9", "refused elsewhere"},
		"2001:DB8::1":            {"2001:db8::1", "refused elsewhere"},
		"[2001:db8::1]":          {"2001:db8::1", "refused elsewhere"},
		"[2001:db8::1]:1234":     {"2001:db8::1", "refused elsewhere"},
		"fe80::1%eth0":           {"fe80::1", "refused elsewhere"},
		"[fe80::1%eth0]:1234":    {"fe80::1", "refused elsewhere"},
		"":                       {"", "refused elsewhere"},
		"unknown":                {"", "refused elsewhere"},
		"192.0.2.7:port":         {"", "refused elsewhere"},
		"192.0.2.7, 192.0.2.8":   {"", "refused elsewhere"},
		"192.0.2.0/24":           {"", "refused elsewhere"},
		"for=192.0.2.7":          {"", "refused elsewhere"},
		strings.Repeat("1", 500): {"", "refused elsewhere"},
	} {
		t.Run(said[:min(20, len(said))], func(t *testing.T) {
			s.t = t
			s.submit(object{"session/devices": []any{object{"ip_address": said}}})
			all := s.recorded()
			if got := all[len(all)-1]; got != want.recorded || s.told().IP != want.ip {
				t.Errorf("it ends with %s for the address %q, want %s for %q", got, s.told().IP, want.recorded, want.ip)
			}
		})
	}
}

func TestASignatureIsKeptNowhere(t *testing.T) {
	s := newScene(t, policies.Shipped())
	signature := SignAddress(s.hook.Keys, netip.MustParseAddr("203.0.113.9"), "flow-1", s.now)
	s.expect(challenge.CodeSent, object{"request_headers": object{
		"User-Agent": []any{"softphone"}, AddressHeader: []any{"203.0.113.9"}, SignatureHeader: []any{signature},
	}})
	if got := s.told(); !got.IPTrusted || len(got.Headers) != 1 || got.Headers["user-agent"] != "softphone" {
		t.Errorf("the policies are told %+v", got)
	}
	var detail string
	if err := s.store.DB().QueryRowContext(t.Context(), `SELECT group_concat(detail) FROM records`).Scan(&detail); err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"the records": detail, "the log": s.log.String()} {
		if strings.Contains(text, "nidan=") || strings.Contains(text, signature[20:]) || text == "" {
			t.Errorf("%s are or hold %s", where, text)
		}
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("192.0.2.7:1234", `u=3, nidan="1.x"`)
	keys, err := challenge.NewKeyring([]string{strings.Repeat("k", challenge.MinSecretLength)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, said, signature string) {
		a := addressIn(said)
		if a.IsValid() && addressIn(a.String()) != a {
			t.Errorf("%q becomes %v, and that another one", said, a)
		}
		if addressIsSigned(keys, signature, a, "flow", time.Unix(1, 0)) {
			t.Errorf("%q passes for a signature", signature)
		}
	})
}
