package challenge

import (
	"bytes"
	"strings"
	"testing"
)

func ring(t *testing.T, secrets ...string) *Keyring {
	t.Helper()
	for i, s := range secrets {
		secrets[i] = strings.Repeat(s, MinSecretLength)
	}
	r, err := NewKeyring(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestKeyringRefusesPoorSecrets(t *testing.T) {
	for name, secrets := range map[string][]string{
		"none":                   nil,
		"a short one":            {strings.Repeat("a", MinSecretLength-1)},
		"a short one at the end": {strings.Repeat("a", MinSecretLength), "b"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewKeyring(secrets)
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "aaaa") {
				t.Errorf("the error repeats the secret: %v", err)
			}
		})
	}
}

func TestMACIsForOnePurposeOneValueOneSecret(t *testing.T) {
	r := ring(t, "a")
	mac := r.MAC("code 1", []byte("123456"))
	if !r.VerifyMAC(mac, "code 1", []byte("123456")) {
		t.Error("its own digest is not verified")
	}
	for name, ok := range map[string]bool{
		"another value":                  r.VerifyMAC(mac, "code 1", []byte("123457")),
		"another purpose":                r.VerifyMAC(mac, "code 2", []byte("123456")),
		"a value moved into the purpose": r.VerifyMAC(mac, "code 1\x00123456", nil),
		"another secret":                 ring(t, "b").VerifyMAC(mac, "code 1", []byte("123456")),
		"no digest":                      r.VerifyMAC(nil, "code 1", []byte("123456")),
	} {
		if ok {
			t.Errorf("%s is verified", name)
		}
	}
}

func TestSecretsRotate(t *testing.T) {
	before, after := ring(t, "old"), ring(t, "new", "old")
	if !after.VerifyMAC(before.MAC("p", []byte("v")), "p", []byte("v")) {
		t.Error("a digest made before the rotation is not verified after it")
	}
	if got, err := after.Open(before.Seal("123456", "c"), "c"); err != nil || got != "123456" {
		t.Errorf("what was sealed before the rotation opens to %q, %v", got, err)
	}
	if bytes.Equal(before.MAC("p", []byte("v")), after.MAC("p", []byte("v"))) {
		t.Error("the new secret is not used")
	}
	if _, err := before.Open(after.Seal("123456", "c"), "c"); err == nil {
		t.Error("the old secret opens what the new one sealed")
	}
}

func TestSecretsAreReplacedWhileTheyAreUsed(t *testing.T) {
	secret := func(s string) string { return strings.Repeat(s, MinSecretLength) }
	r := ring(t, "old")
	mac, sealed := r.MAC("p", []byte("v")), r.Seal("123456", "c")
	holds := func(what string, want bool) {
		t.Helper()
		_, err := r.Open(sealed, "c")
		if got := r.VerifyMAC(mac, "p", []byte("v")); got != want || (err == nil) != want {
			t.Errorf("%s: what was made before is verified: %v, and opens: %v", what, got, err)
		}
	}
	for _, poor := range [][]string{nil, {secret("new"), "short"}} {
		if r.Replace(poor) == nil {
			t.Errorf("%d poor secrets are taken", len(poor))
		}
		holds("after a refusal", true)
	}
	if err := r.Replace([]string{secret("new"), secret("old")}); err != nil {
		t.Fatal(err)
	}
	holds("with the old secret behind", true)
	if bytes.Equal(mac, r.MAC("p", []byte("v"))) {
		t.Error("the new secret is not used")
	}
	if err := r.Replace([]string{secret("new")}); err != nil {
		t.Fatal(err)
	}
	holds("without the old secret", false)
}

func TestSealed(t *testing.T) {
	r := ring(t, "a")
	sealed := r.Seal("123456", "mail 1")
	if bytes.Contains(sealed, []byte("123456")) {
		t.Error("the code stands in what is sealed")
	}
	if bytes.Equal(sealed, r.Seal("123456", "mail 1")) {
		t.Error("sealing twice gives the same: equal codes could be told")
	}
	if _, err := r.Open(sealed, "mail 2"); err == nil {
		t.Error("it opens for another message")
	}
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		if _, err := r.Open(altered, "mail 1"); err == nil {
			t.Fatalf("it opens with byte %d altered", i)
		}
	}
	if _, err := r.Open(nil, "mail 1"); err == nil {
		t.Error("nothing opens")
	}
}
