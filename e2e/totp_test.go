package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// totp are the digits that an authenticator app shows now for a secret (RFC 6238).
func totp(t *testing.T, secret string) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(secret, "="))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	var step [8]byte
	binary.BigEndian.PutUint64(step[:], uint64(time.Now().Unix()/30))
	mac.Write(step[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// settingsFlow is a settings flow as a client that holds a session begins it, and what it has to know of it.
type settingsFlow struct {
	ID string
	UI struct {
		Nodes []struct {
			Attributes struct {
				ID   string
				Text struct{ Text string }
			}
		}
		Messages []struct {
			Text    string
			Context struct{ State string }
		}
	}
}

// secret is the secret that the flow gives to an authenticator app.
func (f settingsFlow) secret(t *testing.T) string {
	t.Helper()
	for _, n := range f.UI.Nodes {
		if n.Attributes.ID == "totp_secret_key" {
			return n.Attributes.Text.Text
		}
	}
	t.Fatal("the flow gives no secret")
	return ""
}

// begins begins a settings flow, and returns Kratos' status with it.
func begins(t *testing.T, session http.Header) (f settingsFlow, status int) {
	t.Helper()
	status = (&signIn{t: t}).json(http.MethodGet, kratosPublic+"/self-service/settings/api", nil, session, &f)
	return f, status
}

// submits submits a settings flow, and returns it as it is then.
func (f settingsFlow) submits(t *testing.T, session http.Header, body map[string]any) (after settingsFlow, status int) {
	t.Helper()
	status = (&signIn{t: t}).json(http.MethodPost, kratosPublic+"/self-service/settings?flow="+f.ID, body, session, &after)
	return after, status
}

// factorsOf are the kinds of credentials that Kratos keeps of an account.
func factorsOf(t *testing.T, account string) map[string]any {
	t.Helper()
	var found struct{ Credentials map[string]any }
	(&signIn{t: t}).json(http.MethodGet, kratosAdminURL+"/admin/identities/"+identityOf(t, account).ID, nil, nil, &found)
	return found.Credentials
}

// enrolled is an account with an authenticator app, and the app's secret. No channel asks when this returns.
func (n *nidan) enrolled(account string) (secret string) {
	n.t.Helper()
	n.set()
	return authenticatorApp(n.t, newSignIn(n.t, account).expectIn(nil))
}

// authenticatorApp sets one up for a session's account, and returns its secret.
func authenticatorApp(t *testing.T, session http.Header) (secret string) {
	t.Helper()
	f, status := begins(t, session)
	if status != http.StatusOK {
		t.Fatalf("no settings flow begins: %d", status)
	}
	secret = f.secret(t)
	if _, status := f.submits(t, session, map[string]any{"method": "totp", "totp_code": totp(t, secret)}); status != http.StatusOK {
		t.Fatalf("the authenticator app is not taken: %d", status)
	}
	return secret
}
