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

// totp returns the digits that an authenticator app shows now for a secret (RFC 6238).
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

// settingsFlow is the part that the tests need of a settings flow, which a client with a session has begun.
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

// secret returns the secret that the flow gives to an authenticator app.
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

// submits submits a settings flow, and returns the flow afterwards.
func (f settingsFlow) submits(t *testing.T, session http.Header, body map[string]any) (after settingsFlow, status int) {
	t.Helper()
	status = (&signIn{t: t}).json(http.MethodPost, kratosPublic+"/self-service/settings?flow="+f.ID, body, session, &after)
	return after, status
}

// factorsOf returns the credentials that Kratos keeps of an account, by kind.
func factorsOf(t *testing.T, account string) map[string]any {
	t.Helper()
	var found struct{ Credentials map[string]any }
	(&signIn{t: t}).json(http.MethodGet, kratosAdminURL+"/admin/identities/"+identityOf(t, account).ID, nil, nil, &found)
	return found.Credentials
}

// enrolled gives an account an authenticator app, and returns the app's secret. Afterwards, no channel asks for a code.
func (n *nidan) enrolled(account string) (secret string) {
	n.t.Helper()
	n.set()
	return authenticatorApp(n.t, newSignIn(n.t, account).expectIn(nil))
}

// authenticatorApp sets up an authenticator app for a session's account, and returns its secret.
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
