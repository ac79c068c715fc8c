package kratos

import (
	"encoding/json"
	"strings"
	"testing"
)

var pointers = Pointers{
	Account: "/traits/account", Name: "/traits/name", Email: "/traits/email", Locale: "/traits/locale",
	Role: "/metadata_public/role", TwoFactor: "/metadata_public/two_factor/enabled",
	Locked: "/metadata_public/locked", PasswordExpired: "/metadata_public/password_expired", Plan: "/metadata_public/plan",
}

func TestRead(t *testing.T) {
	for name, tc := range map[string]struct {
		identity string
		want     Person
	}{
		"everything there": {`{"traits": {"account": "agent", "name": "Agent", "email": "agent@example.com", "locale": "en"},
			"metadata_public": {"role": "owner", "two_factor": {"enabled": true}, "locked": true, "password_expired": true, "plan": "p"}}`,
			Person{Account: "agent", Name: "Agent", Email: "agent@example.com", Locale: "en", Role: "owner", TwoFactor: true,
				Locked: true, PasswordExpired: true, Plan: "p"}},
		"nothing there":                          {`{}`, Person{Role: "user"}},
		"null is nothing":                        {`{"traits": {"email": null}, "metadata_public": null}`, Person{Role: "user"}},
		"a flag without a value":                 {`{"metadata_public": {"two_factor": {}}}`, Person{Role: "user"}},
		"blanks around an address are dropped":   {`{"traits": {"email": " a@example.com "}}`, Person{Role: "user", Email: "a@example.com"}},
		"an address of blanks is none":           {`{"traits": {"email": "  "}}`, Person{Role: "user"}},
		"role and flag in traits do not count":   {`{"traits": {"role": "owner", "two_factor": {"enabled": true}}}`, Person{Role: "user"}},
		"role and flag in other metadata do not": {`{"metadata_admin": {"role": "owner"}}`, Person{Role: "user"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := pointers.Read(identity(t, tc.identity))
			if err != nil || got != tc.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ identity, want string }{
		"a flag that is a word":         {`{"metadata_public": {"two_factor": {"enabled": "secret"}}}`, "identity/metadata_public/two_factor/enabled has the wrong type (string)"},
		"a flag that is a number":       {`{"metadata_public": {"two_factor": {"enabled": 0}}}`, "/metadata_public/two_factor/enabled has the wrong type (number)"},
		"a two_factor that is a switch": {`{"metadata_public": {"two_factor": false}}`, "/metadata_public/two_factor/enabled cannot be reached"},
		"a lock that is a word":         {`{"metadata_public": {"locked": "secret"}}`, "/metadata_public/locked has the wrong type (string)"},
		"an expiry that is a date":      {`{"metadata_public": {"password_expired": "secret"}}`, "/metadata_public/password_expired has the wrong type (string)"},
		"a plan that is a list":         {`{"metadata_public": {"plan": ["secret"]}}`, "/metadata_public/plan has the wrong type (array)"},
		"a role that is a list":         {`{"metadata_public": {"role": ["owner"]}}`, "/metadata_public/role has the wrong type (array)"},
		"an address that is an object":  {`{"traits": {"email": {"secret": "x"}}}`, "/traits/email has the wrong type (object)"},
		"an address that is a switch":   {`{"traits": {"email": false}}`, "/traits/email has the wrong type (bool)"},
		"an address without a host":     {`{"traits": {"email": "secret"}}`, "/traits/email is not an e-mail address"},
		"an address with a name":        {`{"traits": {"email": "Secret <secret@example.com>"}}`, "/traits/email is not an e-mail address"},
		"two addresses":                 {`{"traits": {"email": "secret@example.com, b@example.com"}}`, "/traits/email is not an e-mail address"},
		"an address with a line break":  {`{"traits": {"email": "secret@example.com\nBcc: b@example.com"}}`, "/traits/email is not an e-mail address"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := pointers.Read(identity(t, tc.identity))
			if err == nil || !strings.Contains(err.Error(), tc.want) || got != (Person{}) {
				t.Fatalf("got %+v, %v, want an error with %q", got, err, tc.want)
			}
			if strings.Contains(strings.ToLower(err.Error()), "secret") {
				t.Errorf("the error repeats what stands there: %v", err)
			}
		})
	}
}

func identity(t testing.TB, text string) (id Identity) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &id); err != nil {
		t.Fatal(err)
	}
	return id
}

// Read either understands all of an identity or returns nothing of it.
func FuzzRead(f *testing.F) {
	f.Add(`{"traits": {"email": "a@example.com"}, "metadata_public": {"two_factor": {"enabled": true}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var id Identity
		if json.Unmarshal([]byte(text), &id) != nil {
			return
		}
		who, err := pointers.Read(id)
		if err != nil && who != (Person{}) {
			t.Errorf("an error came with %+v", who)
		}
		if strings.ContainsAny(who.Email, "\r\n") {
			t.Errorf("%q can add headers to a mail", who.Email)
		}
	})
}
