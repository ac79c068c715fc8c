package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
)

// The facts that decide about a sign-in are where only administrators can write. Account holders can change traits, and Kratos' schema
// accepts no trait that could be mistaken for such a fact.
func TestTraitsCannotSayWhoIsAsked(t *testing.T) {
	name := account(t, nil)
	for how, traits := range map[string]string{
		"a role":                     `"role": "owner"`,
		"a two-step flag":            `"two_factor": {"enabled": false}`,
		"a two-step flag, alone":     `"two_factor": false`,
		"a plan":                     `"plan": "business_phone"`,
		"a channel":                  `"channel": "mobile"`,
		"metadata":                   `"metadata_public": {"two_factor": {"enabled": false}}`,
		"a transient_payload":        `"transient_payload": {"two_factor": {"channel": "mobile"}}`,
		"an address that is none":    `"email": "nowhere"`,
		"an empty address":           `"email": ""`,
		"two addresses":              `"email": "a@example.com, b@example.com"`,
		"a language with more in it": `"locale": "ja; role=owner"`,
	} {
		t.Run("an account with "+how+" cannot be made", func(t *testing.T) {
			s := &signIn{t: t}
			body := json.RawMessage(`{"schema_id": "account", "traits": {"account": "sly", ` + traits + `}}`)
			if status := s.json(http.MethodPost, kratosAdminURL+"/admin/identities", body, nil, nil); status != http.StatusBadRequest {
				t.Errorf("got %d", status)
			}
		})
		t.Run("an account cannot be given "+how, func(t *testing.T) {
			operations := `[{"op": "replace", "path": "/traits", "value": {"account": "` + name + `", ` + traits + `}}]`
			if status := patch(t, name, operations); status != http.StatusBadRequest {
				t.Errorf("got %d", status)
			}
		})
	}
	t.Run("though traits can be changed", func(t *testing.T) {
		changed(t, name, `[{"op": "replace", "path": "/traits", "value": {"account": "`+name+`", "locale": "en"}}]`)
	})
}

// A session that was opened on a channel without a code must not have the next code sent to another address. So kratos/kratos.yml switches
// the method "profile" off.
func TestAHolderCannotChangeWhereCodesGo(t *testing.T) {
	n := started(t)
	name := account(t, nil)
	s := newSignIn(t, name)
	s.expect("code_sent", 1990001, nil)
	session := s.expectIn(code(n.newestCode()))
	before := identityOf(t, name)
	for how, tc := range map[string]struct {
		body  string
		taken bool // Kratos accepts the rest of what the body says
	}{
		"by method profile": {`{"method": "profile", "traits": {"account": "` + name + `", "email": "thief@example.com"}}`,
			false},
		"by method profile, with metadata": {`{"method": "profile", "traits": {}, "metadata_public": {"role": "owner"}}`,
			false},
		"with a new password": {`{"method": "password", "password": "` + password + `-1", "traits": {"email": "thief@example.com"},
			"metadata_public": {"two_factor": {"enabled": false}}, "identity": {"metadata_public": null}}`, true},
		"with a new password and a payload": {`{"method": "password", "password": "` + password + `-2", "transient_payload": {
			"traits": {"email": "thief@example.com"}, "two_factor": {"enabled": false}}}`, true},
		"without a method":     {`{"traits": {"email": "thief@example.com"}}`, false},
		"by a second factor":   {`{"method": "totp", "totp_code": "000000"}`, false},
		"by recovery codes":    {`{"method": "lookup_secret", "lookup_secret_regenerate": true}`, true}, // Kratos shows the codes, and keeps none
		"by another provider":  {`{"method": "oidc", "link": "x"}`, false},
		"by a passkey":         {`{"method": "passkey", "passkey_settings_register": "{}"}`, false},
		"by a webauthn device": {`{"method": "webauthn", "webauthn_register": "{}"}`, false},
	} {
		t.Run(how, func(t *testing.T) {
			if got := settings(t, session, tc.body); (got == http.StatusOK) != tc.taken {
				t.Errorf("Kratos says %d", got)
			}
			after := identityOf(t, name)
			if after.Traits["email"] != before.Traits["email"] || string(after.MetadataPublic) != string(before.MetadataPublic) {
				t.Errorf("it is now %v, %s", after.Traits, after.MetadataPublic)
			}
		})
	}
}
