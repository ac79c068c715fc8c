package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// productionURL is the address of the pages in docs/production.md.
const productionURL = "https://login.example.com"

// inProduction starts a Nidan behind a real nginx that does TLS, with the configuration that docs/production.md shows. It returns a client
// with another address than nginx.
func inProduction(t *testing.T) (n *nidan, client *http.Client) {
	t.Helper()
	doc, err := os.ReadFile("../docs/production.md")
	if err != nil {
		t.Fatal(err)
	}
	pieces := nginxBlock.FindAllStringSubmatch(string(doc), -1)
	if len(pieces) != 1 {
		t.Fatalf("the document has %d pieces for nginx, want one", len(pieces))
	}
	n = started(t, "NIDAN_PUBLIC_URL="+productionURL, "NIDAN_PUBLIC_TRUSTED_PROXIES=127.0.0.1/32")
	certificate, key, pool := certified(t, "login.example.com")
	plain, protected := freeAddress(), freeAddress()
	config := pieces[0][1]
	for _, change := range [][2]string{
		{"server 127.0.0.1:4455;", "server " + n.processes[0].public + ";"}, {"listen 80;", "listen " + plain + ";"},
		{"listen 443 ssl;", "listen " + protected + " ssl;"}, {"/etc/nginx/login.example.com.pem", certificate},
		{"/etc/nginx/login.example.com.key", key},
	} {
		config = n.replaced(config, change[0], change[1])
	}
	n.startNginx(protected, "daemon off; pid pid; error_log stderr; events {} http { access_log off;\n"+
		"client_body_temp_path 1; proxy_temp_path 2; fastcgi_temp_path 3; uwsgi_temp_path 4; scgi_temp_path 5;\n"+config+"}\n")
	return n, clientAt(t, "127.0.0.2", pool, map[string]string{"login.example.com:443": protected, "login.example.com:80": plain})
}

// clientAt returns an HTTP client at another address of this machine. The map says where the client finds each host.
func clientAt(t *testing.T, from string, roots *x509.CertPool, hosts map[string]string) *http.Client {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, host string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, hosts[host])
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// certified makes a certificate for a host, as files, and the pool that trusts it.
func certified(t *testing.T, host string) (certificate, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "nidan-tls-") // nginx runs as nobody, who cannot read t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, content []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	pool = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(public)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return write("pem", "CERTIFICATE", public), write("key", "PRIVATE KEY", secret), pool
}

// exchange makes one request, and reads the answer.
func exchange(t *testing.T, client *http.Client, method, address, body string, header http.Header) (answer *http.Response, said []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err = client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if said, err = io.ReadAll(answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer, said
}

func TestInProductionBrowsersAreKeptToHTTPS(t *testing.T) {
	_, client := inProduction(t)
	answer, _ := exchange(t, client, http.MethodGet, "http://login.example.com/login?flow=1", "", page)
	if answer.StatusCode != http.StatusPermanentRedirect || answer.Header.Get("Location") != productionURL+"/login?flow=1" {
		t.Errorf("over plain HTTP: %d, to %q", answer.StatusCode, answer.Header.Get("Location"))
	}
	for _, path := range []string{"/login", "/error", "/check?capability=console"} { // a redirect, a page, and a refusal
		answer, _ := exchange(t, client, http.MethodGet, productionURL+path, "", page)
		if hsts := answer.Header.Get("Strict-Transport-Security"); answer.StatusCode >= 500 || hsts != "max-age=31536000" {
			t.Errorf("%s: %d, and %q of HTTPS", path, answer.StatusCode, hsts)
		}
	}
}

func TestInProductionADevicesCookieIsForHTTPSAlone(t *testing.T) {
	_, client := inProduction(t)
	answer, _ := exchange(t, client, http.MethodGet, productionURL+"/self-service/login/browser", "", page)
	where := answer.Header.Get("Location")
	_, query, _ := strings.Cut(where, "?")
	answer, said := exchange(t, client, http.MethodGet, productionURL+"/login?"+query, "", page)
	for _, c := range answer.Cookies() {
		if c.Name == "__Host-nidan_device" && c.Secure && c.HttpOnly {
			return
		}
	}
	t.Errorf("at %s: %d with the cookies %v\n%.300s", where, answer.StatusCode, answer.Cookies(), said)
}

// The client claims to have another address, in each possible way.
func TestInProductionASignInComesFromTheClientsOwnAddress(t *testing.T) {
	n, client := inProduction(t)
	lies := http.Header{
		"X-Forwarded-For": {"203.0.113.9"}, "True-Client-Ip": {"203.0.113.9"}, "X-Real-Ip": {"203.0.113.9"}, "Forwarded": {"for=203.0.113.9"},
	}
	var flow struct{ ID string }
	_, said := exchange(t, client, http.MethodGet, productionURL+"/self-service/login/api", "", lies)
	if err := json.Unmarshal(said, &flow); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	s := &signIn{t: t, identifier: account(t, nil), password: password, flow: flow.ID}
	answer := func(factor map[string]any) (r reply) {
		_, said := exchange(t, client, http.MethodPost, productionURL+"/self-service/login?flow="+s.flow, s.body(factor), lies)
		if err := json.Unmarshal(said, &r); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		if at := n.seenAt(); at != trusted("127.0.0.2", true) {
			t.Errorf("seen at %s", at)
		}
		return r
	}
	softphone := map[string]any{"name": "softphone", "version": "3.5.0"}
	if r := answer(map[string]any{"two_factor": map[string]any{"client": softphone}}); r.ending() != asked {
		t.Errorf("with the password: %s", r.ending())
	}
	if r := answer(map[string]any{"two_factor": map[string]any{"client": softphone, "code": n.code(1)}}); r.ending() != letIn {
		t.Errorf("with the code: %s", r.ending())
	}
}
