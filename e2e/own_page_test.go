package e2e

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nidan/kratos"
)

// ownPage is the path at which the documentation puts a sign-in page of one's own.
const ownPage = "/sign-in"

// shownFile matches a file that docs/your-own-login-page.md shows: its name, a colon, and its content.
var shownFile = regexp.MustCompile("(?s)`([\\w./-]+)`:\n\n```\\w+\n(.*?)```\n")

// writeShown writes the files that sections of docs/your-own-login-page.md show into a folder. If two sections show the same file, the later
// one counts.
func writeShown(t *testing.T, dir string, sections ...string) {
	t.Helper()
	page, err := os.ReadFile("../docs/your-own-login-page.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range sections {
		_, after, found := strings.Cut(string(page), "\n"+section+"\n")
		heading := regexp.MustCompile(`(?m)^#{1,` + fmt.Sprint(strings.Index(section, " ")) + `} `)
		if end := heading.FindStringIndex(after); end != nil {
			after = after[:end[0]]
		}
		files := shownFile.FindAllStringSubmatch(after, -1)
		if !found || len(files) == 0 {
			t.Fatalf("%s shows no file", section)
		}
		for _, file := range files {
			path := filepath.Join(dir, filepath.FromSlash(file[1]))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(file[2]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// withOwnPage starts Nidan behind a site that has a sign-in page of its own, in a folder. As the documentation says, the site passes all other
// requests on to Nidan, and the page is Kratos' ui_url.
func withOwnPage(t *testing.T, dir string, changes ...string) *nidan {
	t.Helper()
	at := freeAddress()
	origin := "http://" + at
	t.Setenv("SELFSERVICE_FLOWS_LOGIN_UI_URL", origin+ownPage)
	t.Setenv("HASHERS_BCRYPT_COST", "4")
	startKratosOn(t, kratosDatabase(), origin)
	n := started(t, append([]string{"NIDAN_PUBLIC_URL=" + origin}, changes...)...)
	toNidan, err := url.Parse(n.public)
	if err != nil {
		t.Fatal(err)
	}
	site := http.NewServeMux()
	site.Handle(ownPage+"/", http.StripPrefix(ownPage, http.FileServer(http.Dir(dir))))
	site.HandleFunc(ownPage, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, filepath.Join(dir, "index.html")) })
	site.Handle("/", httputil.NewSingleHostReverseProxy(toNidan))
	server := &http.Server{Addr: at, Handler: site}
	go func() { _ = server.ListenAndServe() }()
	t.Cleanup(func() { server.Close() })
	n.public = origin
	return n
}

// This is the page that the documentation shows to developers who write the whole page themselves.
func TestASignInPageInPlainJSON(t *testing.T) {
	dir := t.TempDir()
	writeShown(t, dir, "## Plain JSON")
	n := withOwnPage(t, dir)
	begin := func(t *testing.T, query string) *window {
		t.Helper()
		w := newBrowser(t)
		w.goTo(n.public + "/self-service/login/browser" + query)
		w.until(`location.pathname === "` + ownPage + `" && document.activeElement.id === "identifier"`)
		return w
	}
	t.Run("signs in with two steps", func(t *testing.T) {
		who := account(t, nil)
		w := begin(t, "?return_to="+n.public+"/console/me")
		accessible(t, w)
		w.keys(who + "\t" + password + "\r")
		w.shows("We sent a verification code to t***@example.com.", "code")
		accessible(t, w)
		right := n.codeOf(who)
		w.keys(wrong(right) + "\r")
		w.shows("The verification code is wrong.", "code")
		w.keys(right + "\r")
		w.until(`location.pathname === "/console/me"`)
	})
	t.Run("without a code where none is asked for", func(t *testing.T) {
		w := begin(t, "")
		w.keys(account(t, func(a *kratos.Account) { a.TwoFactor = false }) + "\t" + password + "\r")
		w.until(`location.pathname === "/"`)
	})
	t.Run("a wrong password", func(t *testing.T) {
		w := begin(t, "")
		w.keys(account(t, nil) + "\twrong\r")
		w.shows("The provided credentials are invalid", "password")
	})
	t.Run("another code, giving up, and being remembered", func(t *testing.T) {
		who := account(t, nil)
		w := begin(t, "")
		w.keys(who + "\t" + password + "\r")
		w.shows("We sent a verification code", "code")
		w.click("#resend")
		w.shows("Another verification code cannot be sent yet.", "resend")
		n.later(time.Minute)
		w.click("#resend")
		w.shows("We sent a new verification code", "code")
		w.click("#cancel")
		w.shows("Two-step verification was cancelled.", "password")
		n.later(time.Minute)
		w.keys(password + "\r")
		w.shows("We sent a verification code", "code")
		w.click("#remember")
		w.click("#code")
		w.keys(n.codeOf(who) + "\r")
		w.until(`location.pathname === "/"`)
		w.signOut()
		w.goTo(n.public + "/self-service/login/browser")
		w.until(`document.activeElement.id === "identifier"`)
		w.keys(who + "\t" + password + "\r")
		w.until(`location.pathname === "/"`) // without a code
	})
	t.Run("a code that has expired, and a change while a code was out", func(t *testing.T) {
		who := account(t, nil)
		w := begin(t, "")
		w.keys(who + "\t" + password + "\r")
		w.shows("We sent a verification code", "code")
		late := n.codeOf(who)
		n.later(11 * time.Minute)
		w.keys(late + "\r")
		w.shows("The verification code has expired.", "resend")
		w.click("#resend")
		w.shows("We sent a new verification code", "code")
		changed(t, who, `[{"op": "replace", "path": "/traits/email", "value": "other-`+who+`@example.com"}]`)
		w.keys(n.codeOf(who) + "\r")
		w.shows("Sign in again from the sign-in page.", "password")
		n.later(time.Minute)
		w.keys(password + "\r")
		w.shows("We sent a verification code to o***@example.com.", "code")
		w.keys(n.codeOf("other-"+who) + "\r")
		w.until(`location.pathname === "/"`)
	})
	t.Run("a reload while a code is out sends no other", func(t *testing.T) {
		who := account(t, nil)
		w := begin(t, "")
		w.keys(who + "\t" + password + "\r")
		w.shows("We sent a verification code", "code")
		right := n.codeOf(who)
		w.do(chromedp.Reload())
		w.until(`document.activeElement.id === "identifier"`)
		w.keys(who + "\t" + password + "\r")
		w.shows("We sent a verification code", "code")
		w.keys(right + "\r")
		w.until(`location.pathname === "/"`)
	})
	t.Run("codes that others tried are told of", func(t *testing.T) {
		who := account(t, nil)
		thief := newSignIn(t, who)
		thief.expect("code_sent", 1990001, nil)
		thief.expect("code_mismatch", 4990001, code(wrong(n.codeOf(who))))
		w := begin(t, "")
		w.keys(who + "\t" + password + "\r")
		w.shows("We sent a verification code", "code")
		w.keys(n.codeOf(who) + "\r")
		w.shows("in other sign-ins of this account: 1.", "go-on")
		w.click("#go-on")
		w.until(`location.pathname === "/"`)
	})
	t.Run("opened without a flow, and when Nidan is away", func(t *testing.T) { begin(t, "").opened(n) })
}

// opened checks that the page begins a new flow if it has none that can go on, and that it says so if Nidan is away. Nidan ends here.
func (w *window) opened(n *nidan) {
	w.t.Helper()
	none := "?flow=b6de2a08-6d6a-4b8a-9c0e-0d8a8bd0e7a5"
	for _, query := range []string{"", none} {
		w.goTo(n.public + ownPage + query)
		w.until(`location.search.startsWith("?flow=") && location.search !== "` + none + `" && document.activeElement.id === "identifier"`)
	}
	n.stop()
	w.do(chromedp.Reload())
	w.until(`document.body.innerText.includes("Signing in is not possible at the moment.")`)
}

// shows waits until the page in plain JSON shows a message, with the focus on the right element.
func (w *window) shows(message, focused string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`document.getElementById("message").innerText.includes(%q)`, message))
	w.until(fmt.Sprintf(`document.activeElement.id === %q`, focused))
}
