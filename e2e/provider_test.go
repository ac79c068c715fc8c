package e2e

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// provider is an OpenID provider (OpenID Connect Core 1.0, the authorization code flow).
type provider struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey

	mu     sync.Mutex
	who    string            // who is signed in there; empty: nobody, and it shows a page
	nonces map[string]string // by code
	visits int
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, key: key, nonces: map[string]string{}}
	mux := http.NewServeMux()
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, map[string]any{
			"issuer": p.server.URL, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
			"jwks_uri": p.server.URL + "/jwks", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/authorize", p.authorize)
	mux.HandleFunc("/token", p.token)
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, map[string]any{"keys": []map[string]any{{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	return p
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // an error means that the client has gone
}

// signedIn sets who is signed in at the provider.
func (p *provider) signedIn(who string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.who = who
}

// visited returns how often Kratos has sent a browser to the provider.
func (p *provider) visited() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.visits
}

// authorize sends the browser back at once if a person is signed in.
func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.visits++
	asks := r.URL.Query()
	if p.who == "" {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><title>Provider</title><p id=client>%s", asks.Get("client_id"))
		return
	}
	code := rand.Text()
	p.nonces[code] = asks.Get("nonce")
	http.Redirect(w, r, asks.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {asks.Get("state")}}.Encode(), http.StatusSeeOther)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{
		"iss": p.server.URL, "aud": "the-client", "sub": p.who, "email": p.who + "@example.com", "iat": now, "exp": now + 60,
		"nonce": p.nonces[r.FormValue("code")],
	})
	if err != nil {
		p.t.Error(err)
	}
	signed := b64([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + b64(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, p.key, crypto.SHA256, sum[:])
	if err != nil {
		p.t.Error(err)
	}
	answerJSON(w, map[string]any{"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": signed + "." + b64(signature)})
}

// asKratosHasIt returns the provider for Kratos' configuration. An account that registers gets its name from the provider.
func (p *provider) asKratosHasIt() string {
	mapper := `local claims = std.extVar("claims"); {identity: {traits: {account: claims.sub, email: claims.email}}}`
	all, err := json.Marshal([]map[string]any{{
		"id": "example", "provider": "generic", "label": "Example", "client_id": "the-client", "client_secret": "s",
		"issuer_url": p.server.URL, "mapper_url": "base64://" + base64.StdEncoding.EncodeToString([]byte(mapper)), "scope": []string{"openid"},
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	return string(all)
}

// linked makes an account that can also sign in with the provider, and that is asked for a code.
func (p *provider) linked(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("test-%d", made.Add(1))
	s := &signIn{t: t}
	status := s.json(http.MethodPost, kratosAdminURL+"/admin/identities", map[string]any{
		"schema_id": "account", "traits": map[string]any{"account": name, "name": name, "email": name + "@example.com"},
		"metadata_public": map[string]any{"role": "user", "two_factor": map[string]any{"enabled": true}},
		"credentials": map[string]any{
			"password": map[string]any{"config": map[string]any{"password": password}},
			"oidc":     map[string]any{"config": map[string]any{"providers": []map[string]string{{"provider": "example", "subject": name}}}},
		},
	}, nil, nil)
	if status != http.StatusCreated {
		t.Fatalf("Kratos makes no account: %d", status)
	}
	p.signedIn(name)
	return name
}

// kratosCode returns the newest code that Kratos mailed to an address. It is still in Kratos' queue, because no courier runs here.
func kratosCode(t *testing.T, to string) string {
	t.Helper()
	var mails []struct{ Recipient, Body string }
	s := &signIn{t: t}
	s.json(http.MethodGet, kratosAdminURL+"/admin/courier/messages?recipient="+url.QueryEscape(to), nil, nil, &mails)
	for _, m := range mails { // the newest comes first
		for _, line := range strings.Fields(m.Body) {
			if len(line) == 6 && strings.Trim(line, "0123456789") == "" {
				return line
			}
		}
	}
	t.Fatalf("Kratos mailed no code to %s: %v", to, mails)
	return ""
}
