package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"nidan/kratos"
	"nidan/store/postgrestest"
)

// behindNginx is an application behind a real nginx, which runs with the configuration that docs/protecting-applications.md shows.
type behindNginx struct {
	*nidan
	agent   string // the address that lets sessions with the capability agent through
	console string // the address that lets sessions with the capability console through
	reached atomic.Int32
}

var nginxBlock = regexp.MustCompile("(?s)```nginx\n(.*?)```")

func newBehindNginx(n *nidan) *behindNginx {
	n.t.Helper()
	b := &behindNginx{nidan: n}
	application := httptest.NewServer(b)
	n.t.Cleanup(application.Close)

	doc, err := os.ReadFile("../docs/protecting-applications.md")
	if err != nil {
		n.t.Fatal(err)
	}
	pieces := nginxBlock.FindAllStringSubmatch(string(doc), -1)
	if len(pieces) != 2 {
		n.t.Fatalf("the document has %d pieces for nginx, want one for http and one for server", len(pieces))
	}
	inHTTP, inServer := pieces[0][1], pieces[1][1]
	for _, address := range [][2]string{
		{"http://127.0.0.1:4455/", n.public + "/"}, {"http://127.0.0.1:8080", application.URL},
		{"https://app.example.com", origin}, // the origin that Kratos may send browsers back to
	} {
		inServer = n.replaced(inServer, address[0], address[1])
	}
	agent, console := freeAddress(), freeAddress()
	b.agent, b.console = "http://"+agent, "http://"+console
	b.startNginx(agent, "daemon off; pid pid; error_log stderr; events {} http { access_log off;\n"+
		"client_body_temp_path 1; proxy_temp_path 2; fastcgi_temp_path 3; uwsgi_temp_path 4; scgi_temp_path 5;\n"+inHTTP+
		"server { listen "+agent+";\n"+inServer+"}\n"+
		"server { listen "+console+";\n"+n.replaced(inServer, "capability=agent", "capability=console")+"}}\n")
	return b
}

// replaced replaces a text, and fails the test if the text is not there: then the document has changed.
func (n *nidan) replaced(s, before, after string) string {
	n.t.Helper()
	if !strings.Contains(s, before) {
		n.t.Fatalf("the document does not say %s", before)
	}
	return strings.ReplaceAll(s, before, after)
}

// startNginx runs nginx in a folder of its own. If root runs the tests, nginx runs as the user nobody.
func (n *nidan) startNginx(address, config string) {
	n.t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // Debian keeps nginx out of the path of all users but root
	}
	dir, err := os.MkdirTemp("", "nidan-nginx-")
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil { // another user reads it
		n.t.Fatal(err)
	}
	cmd := exec.Command(program, "-p", dir, "-c", path)
	cmd.Stdout, cmd.Stderr = n.log, n.log
	if os.Getuid() == 0 {
		id := postgrestest.NumbersOf(n.t, "nobody")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: id}
		if err := os.Chown(dir, int(id.Uid), int(id.Gid)); err != nil {
			n.t.Fatal(err)
		}
	}
	if err := cmd.Start(); err != nil {
		n.t.Fatalf("nginx is not installed: make test installs it or says how: %v", err)
	}
	n.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	n.eventually("nginx listens", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// ServeHTTP is the application: it answers with the request that has reached it. It refuses one path itself.
func (b *behindNginx) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.reached.Add(1)
	if r.URL.Path == "/refused" {
		w.WriteHeader(http.StatusForbidden)
	}
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s, cookie %q, token %q, account %q", r.Method, r.URL.RequestURI(), body,
		r.Header.Get("Cookie"), r.Header.Get("X-Session-Token")+r.Header.Get("X_Session_Token"),
		r.Header.Get("X-Nidan-Account")+r.Header.Get("X_Nidan_Account"))
}

// answer is what a client gets from nginx.
type answer struct {
	status   int
	location string
	body     string
	says     string // what the client must do (WWW-Authenticate)
}

func (b *behindNginx) ask(method, address string, headers ...http.Header) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Body = io.NopCloser(strings.NewReader("capability=phonebook"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, header := range headers {
		for name, values := range header {
			r.Header[name] = values
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	got, err := client.Do(r)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, b.log)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header.Get("Location"), string(body), got.Header.Get("WWW-Authenticate")}
}

// expectStatus checks the status, and that the application was reached if the request was let through, and only then.
func (b *behindNginx) expectStatus(want int, method, address string, headers ...http.Header) answer {
	b.t.Helper()
	before := b.reached.Load()
	got := b.ask(method, address, headers...)
	if got.status != want {
		b.t.Errorf("%s %s: %d, want %d: %s", method, address, got.status, want, got.body)
	}
	if through := b.reached.Load() != before; through != (want == http.StatusOK) {
		b.t.Errorf("%s %s: answered %d, and the application was reached: %t", method, address, got.status, through)
	}
	return got
}

// signInAt is the address to which a browser is sent: a flow of Kratos, through Nidan.
var signInAt = origin + "/self-service/login/browser"

// page has the header of a browser that opens a page.
var page = http.Header{"Accept": {"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}}

// softphone returns the session of a softphone that was asked for a code, or of one that was not.
func (b *behindNginx) softphone(asked bool) http.Header {
	b.t.Helper()
	s := newSignIn(b.t, account(b.t, func(a *kratos.Account) { a.TwoFactor = true }))
	if asked {
		s.expect("code_sent", 1990001, nil)
		return s.expectIn(code(b.newestCode()))
	}
	b.set("two_factor", "admin_console")
	defer b.set("two_factor", "admin_console", "softphone", "remember")
	return s.expectIn(nil)
}

func TestApplicationsBehindNginx(t *testing.T) {
	b := newBehindNginx(started(t, "NIDAN_PUBLIC_RETURN_TO="+origin))
	for name, test := range map[string]func(*behindNginx){
		"without a session only a browser that opens a page is sent to sign in":     withoutASession,
		"a softphone's session opens the agent's application and not the console's": aSoftphonesSession,
		"without the second step, signing in again opens it":                        signingInAgain,
		"no client chooses what is asked":                                           noClientChooses,
		"the application gets the proof that was checked, and whose it is":          oneProof,
		"two proofs are nobody's":                                                   twoProofs,
		"what the application itself refuses is left alone":                         itsOwnRefusal,
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			test(b)
		})
	}
}

func withoutASession(b *behindNginx) {
	b.expectStatus(http.StatusUnauthorized, http.MethodGet, b.agent+"/board")
	b.expectStatus(http.StatusUnauthorized, http.MethodGet, b.agent+"/board", http.Header{"X-Session-Token": {"ory_st_made-up"}})
	b.expectStatus(http.StatusUnauthorized, http.MethodPost, b.agent+"/board", page)
	for _, path := range []string{"/board/3?tab=1&return_to=x", "/%E5%8F%97%E4%BB%98", "/a&refresh=true", "/"} {
		got := b.expectStatus(http.StatusSeeOther, http.MethodGet, b.agent+path, page)
		if want := signInAt + "?return_to=" + url.QueryEscape(origin+path); got.location != want {
			b.t.Errorf("from %s to %s, want %s", path, got.location, want)
		}
	}
	// The whole way: the address begins a flow of Kratos, which leads back to the application.
	_, query, _ := strings.Cut(b.ask(http.MethodGet, b.agent+"/board/3?tab=1", page).location, "?")
	f := newForm(b.t, account(b.t, administrator))
	f.begin("?" + query)
	f.submit(`{}`)
	session := f.in(f.submitCode(b.newestCode()))
	if f.leadsTo != origin+"/board/3?tab=1" {
		b.t.Errorf("back to %s", f.leadsTo)
	}
	b.expectStatus(http.StatusOK, http.MethodGet, b.agent+"/board/3", page, session)
	b.expectStatus(http.StatusOK, http.MethodGet, b.console+"/", page, session)
}

func aSoftphonesSession(b *behindNginx) {
	session := b.softphone(true)
	got := b.expectStatus(http.StatusOK, http.MethodPost, b.agent+"/calls?from=3", session)
	want := fmt.Sprintf(`POST /calls?from=3 capability=phonebook, cookie "", token %q, account %q`,
		session.Get("X-Session-Token"), whose(b.t, session))
	if got.body != want {
		b.t.Errorf("%s arrived, want %s", got.body, want)
	}
	b.expectStatus(http.StatusForbidden, http.MethodGet, b.console+"/", session)
}

func signingInAgain(b *behindNginx) {
	b.set("two_factor", "softphone")
	f := newForm(b.t, account(b.t, administrator))
	session := f.in(f.submit(`{}`))
	b.expectStatus(http.StatusOK, http.MethodGet, b.console+"/", page, session)
	b.expectStatus(http.StatusForbidden, http.MethodGet, b.agent+"/", session)
	b.set("two_factor", "admin_console", "softphone", "remember") // counts from the next request on
	got := b.expectStatus(http.StatusSeeOther, http.MethodGet, b.console+"/people?page=2", page, session)
	again, query, _ := strings.Cut(got.location, "?")
	if again != signInAt || query != "refresh=true&return_to="+url.QueryEscape(origin+"/people?page=2") {
		b.t.Fatalf("sent to %s", got.location)
	}
	// A redirect to the sign-in page would not help: from there, a person who is signed in is sent back at once.
	back := "/self-service/login/browser?return_to=" + origin + "/people"
	if got := b.ask(http.MethodGet, b.public+back, page, session).location; got != origin+"/people" {
		b.t.Errorf("without refresh=true, sent to %s", got)
	}
	f.begin("?" + query)
	f.submit(`{}`)
	b.expectStatus(http.StatusForbidden, http.MethodPost, b.console+"/people", page, session) // the password alone is not enough
	session = f.in(f.submitCode(b.newestCode()))
	if f.leadsTo != origin+"/people?page=2" {
		b.t.Errorf("back to %s", f.leadsTo)
	}
	b.expectStatus(http.StatusOK, http.MethodGet, b.console+"/people", page, session)
	b.expectStatus(http.StatusOK, http.MethodGet, b.agent+"/", page, session)
}

func noClientChooses(b *behindNginx) {
	session := b.softphone(false)
	const other = "/check?capability=phonebook" // this session may use phonebook
	if got := b.get(other, session).StatusCode; got != http.StatusNoContent {
		b.t.Fatalf("%s: %d", other, got)
	}
	for _, path := range []string{"/", "/?capability=phonebook", other, "/nidan/", "//nidan?capability=phonebook/"} {
		if got := b.ask(http.MethodGet, b.agent+path, session).status; got != http.StatusForbidden && got != http.StatusNotFound {
			b.t.Errorf("%s: %d", path, got)
		}
	}
	b.expectStatus(http.StatusForbidden, http.MethodPost, b.agent+"/", session)
	b.expectStatus(http.StatusNotFound, http.MethodGet, b.agent+"/nidan?capability=phonebook", session)
	for _, name := range []string{
		"Capability", "X-Capability", "X-Original-Uri", "X-Original-Url", "X-Rewrite-Url", "X-Forwarded-Uri", "X-Auth-Request-Redirect",
		"X-Accel-Redirect",
	} {
		for _, value := range []string{other, "phonebook"} {
			b.expectStatus(http.StatusForbidden, http.MethodGet, b.agent+"/", session, http.Header{name: {value}})
		}
	}
}

func oneProof(b *behindNginx) {
	f := newForm(b.t, account(b.t, func(a *kratos.Account) { a.TwoFactor = false }))
	byCookie, byToken := f.in(f.submit(`{}`)), b.softphone(true)
	lies := http.Header{"X-Nidan-Account": {whose(b.t, byToken)}, "X_Nidan_Account": {"owner"}}
	got := b.expectStatus(http.StatusOK, http.MethodGet, b.agent+"/", byCookie, lies,
		http.Header{"X_Session_Token": {byToken.Get("X-Session-Token")}})
	want := fmt.Sprintf(`GET / , cookie %q, token "", account %q`, byCookie.Get("Cookie"), whose(b.t, byCookie))
	if got.body != want {
		b.t.Errorf("%s arrived, want %s", got.body, want)
	}
}

func twoProofs(b *behindNginx) {
	f := newForm(b.t, account(b.t, func(a *kratos.Account) { a.TwoFactor = false }))
	byCookie, byToken := f.in(f.submit(`{}`)), b.softphone(true)
	cookie, token := byCookie.Get("Cookie"), byToken.Get("X-Session-Token")
	for name, more := range map[string]http.Header{
		"a token":           byToken,
		"a bearer token":    {"Authorization": {"Bearer " + token}},
		"another cookie":    {"Cookie": {cookie + "; ory_kratos_session=another"}},
		"a second header":   {"Cookie": {cookie, "ory_kratos_session=another"}},
		"a made-up token":   {"X-Session-Token": {"ory_st_made-up"}},
		"its own cookie":    {"Cookie": {cookie + "; " + cookie}},
		"a token, empty":    {"X-Session-Token": {""}, "Cookie": {cookie + "; " + cookie}},
		"bearer and cookie": {"authorization": {"bearer x"}},
	} {
		b.t.Logf("a cookie, and %s", name)
		b.expectStatus(http.StatusInternalServerError, http.MethodGet, b.agent+"/", page, byCookie, more)
	}
}

func itsOwnRefusal(b *behindNginx) {
	got := b.ask(http.MethodGet, b.agent+"/refused", page, b.softphone(true))
	if got.status != http.StatusForbidden || !strings.HasPrefix(got.body, "GET /refused") {
		b.t.Errorf("got %+v", got)
	}
}

func TestNobodyGetsThroughNginxWhenNidanCannotTell(t *testing.T) {
	b := newBehindNginx(started(t))
	session := b.softphone(true)
	b.expectStatus(http.StatusOK, http.MethodGet, b.agent+"/", session)
	for how, header := range map[string]http.Header{"a client": {}, "a browser": page} {
		t.Run("stopped, to "+how, func(t *testing.T) {
			b.t = t
			b.stop()
			b.expectStatus(http.StatusInternalServerError, http.MethodGet, b.agent+"/", session, header)
		})
	}
	withoutKratos := newBehindNginx(started(t, "NIDAN_KRATOS_PUBLIC_URL=http://127.0.0.1:1"))
	withoutKratos.expectStatus(http.StatusInternalServerError, http.MethodGet, withoutKratos.agent+"/", session)
}
