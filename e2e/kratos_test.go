package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
)

// identity is an account as Kratos has it.
type identity struct {
	ID             string          `json:"id"`
	Traits         map[string]any  `json:"traits"`
	MetadataPublic json.RawMessage `json:"metadata_public"`
}

// identityOf looks up an account through Kratos' admin API.
func identityOf(t *testing.T, account string) identity {
	t.Helper()
	var found []identity
	s := &signIn{t: t}
	s.json(http.MethodGet, kratosAdminURL+"/admin/identities?credentials_identifier="+url.QueryEscape(account), nil, nil, &found)
	if len(found) != 1 {
		t.Fatalf("there are %d accounts of the name %s", len(found), account)
	}
	return found[0]
}

// patch changes an account as an administrator does, with a JSON Patch (RFC 6902), and returns Kratos' status.
func patch(t *testing.T, account, operations string) int {
	t.Helper()
	s := &signIn{t: t}
	return s.json(http.MethodPatch, kratosAdminURL+"/admin/identities/"+identityOf(t, account).ID,
		json.RawMessage(operations), nil, nil)
}

// changed changes an account, and fails the test if Kratos does not change it.
func changed(t *testing.T, account, operations string) {
	t.Helper()
	if status := patch(t, account, operations); status != http.StatusOK {
		t.Fatalf("changing %s to %s: %d", account, operations, status)
	}
}

// settings submits one of Kratos' settings flows, like the client that has the session, and returns Kratos' status. If the session may not
// even begin a flow, this is the status of the beginning.
func settings(t *testing.T, session http.Header, body string) int {
	t.Helper()
	s := &signIn{t: t}
	var flow struct{ ID string }
	if status := s.json(http.MethodGet, kratosPublic+"/self-service/settings/api", nil, session, &flow); status != http.StatusOK {
		return status
	}
	return s.json(http.MethodPost, kratosPublic+"/self-service/settings?flow="+flow.ID, json.RawMessage(body), session, nil)
}

// newPassword sets a new password for the holder of a session, through Kratos' settings flow.
func newPassword(t *testing.T, session http.Header, password string) {
	t.Helper()
	if status := settings(t, session, `{"method": "password", "password": "`+password+`"}`); status != http.StatusOK {
		t.Fatalf("the new password was not taken: %d", status)
	}
}
