package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
)

// documentedPage returns the whole page that docs/your-own-login-page.md shows, with real addresses.
func documentedPage(t *testing.T, nidan, returnTo string) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/your-own-login-page.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)\n```html\n(.*?/assets/nidan.js.*?)```\n").FindSubmatch(doc)
	if found == nil {
		t.Fatal("the document shows no page with the module")
	}
	return strings.NewReplacer("https://login.example.com", nidan, "https://app.example.com/welcome", returnTo).Replace(string(found[1]))
}

// barePage serves a page and a page to return to. It passes other requests on to rest, unless rest is nil.
func barePage(page, welcome string, rest http.Handler) http.Handler {
	mux := http.NewServeMux()
	show := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, text)
		}
	}
	mux.HandleFunc("/mine", show(page))
	mux.HandleFunc("/welcome", show(welcome))
	if rest != nil {
		mux.Handle("/", rest)
	}
	return mux
}

// withModule serves a bare page that runs the module, on Nidan's origin or on another one.
func withModule(t *testing.T, elsewhere bool) (n *nidan, page string) {
	t.Helper()
	const welcome = "<!doctype html><title>Welcome</title><p>Welcome"
	if !elsewhere {
		inner := freeAddress()
		n = started(t, "NIDAN_PUBLIC_LISTEN="+inner, "NIDAN_PUBLIC_URL="+origin)
		rest := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: inner})
		server := httptest.NewUnstartedServer(barePage(documentedPage(t, origin, origin+"/welcome"), welcome, rest))
		server.Listener.Close()
		var err error
		if server.Listener, err = net.Listen("tcp", strings.TrimPrefix(origin, "http://")); err != nil {
			t.Fatal(err)
		}
		server.Start()
		t.Cleanup(server.Close)
		return n, origin + "/mine"
	}
	server := httptest.NewServer(nil)
	t.Cleanup(server.Close)
	server.Config.Handler = barePage(documentedPage(t, origin, server.URL+"/welcome"), welcome, nil)
	for name, value := range map[string]string{
		"ENABLED": "true", "ALLOW_CREDENTIALS": "true", "ALLOWED_ORIGINS": server.URL, "ALLOWED_HEADERS": "Accept,Content-Type",
		"EXPOSED_HEADERS": "Content-Type,Date",
	} {
		t.Setenv("SERVE_PUBLIC_CORS_"+name, value)
	}
	t.Setenv("SELFSERVICE_ALLOWED_RETURN_URLS", origin+"/,"+server.URL+"/")
	startKratos(t)
	return forBrowsers(t), server.URL + "/mine"
}

func TestTheModuleOnAPageOfOnesOwn(t *testing.T) {
	for name, elsewhere := range map[string]bool{"on Nidan's origin": false, "on another origin": true} {
		t.Run(name, func(t *testing.T) {
			n, page := withModule(t, elsewhere)
			w := newBrowser(t)
			who := account(t, nil)
			signIn := func() {
				t.Helper()
				w.goTo(page)
				w.until(`document.getElementById("nidan-code-step")`)
				w.until(`document.activeElement.name === "identifier"`)
				w.keys(who + "\t" + password + "\r")
			}
			welcomed := func() { t.Helper(); w.until(`location.pathname === "/welcome"`) }
			asked := func() {
				t.Helper()
				w.until(`document.querySelector("#nidan-code input")?.checkVisibility() && !document.body.hasAttribute("aria-busy")`)
			}
			says := func(text string) {
				t.Helper()
				w.until(fmt.Sprintf(`document.getElementById("nidan-message").innerText.includes(%q)`, text))
			}

			signIn()
			asked()
			says("We sent a verification code to t***@example.com")
			if eval[bool](w, `document.getElementById("my-sign-in").checkVisibility()`) {
				t.Error("the password is still asked")
			}
			accessible(t, w)
			w.until(`/A code was sent to t\*\*\*@example.com. It is valid for another \d+:\d\d. Attempts left: 10./.test(document.getElementById("nidan-sent").innerText)`)
			w.keys(wrong(n.code(1)))
			says("The verification code is wrong.")
			w.until(`document.getElementById("nidan-sent").innerText.includes("Attempts left: 9")`)
			w.click("#nidan-resend")
			says("Another verification code cannot be sent yet.")
			n.sql(`UPDATE challenges SET resend_at = 0`)
			w.aMinuteLater()
			w.click("#nidan-resend")
			says("We sent a new verification code")
			w.click("#nidan-remember")
			w.focusBox("#nidan-code")
			w.keys(n.code(2))
			welcomed()

			w.signOut()
			signIn() // the browser is remembered
			welcomed()

			n.sql(`DELETE FROM devices`)
			n.sql(`UPDATE challenges SET issued_at = 0`)
			w.signOut()
			signIn()
			asked()
			w.click("#nidan-cancel")
			says("Two-step verification was cancelled.")
		})
	}
}
