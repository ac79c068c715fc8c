package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// forBrowsers starts a Nidan whose pages are at origin.
func forBrowsers(t *testing.T, changes ...string) *nidan {
	t.Helper()
	n := started(t, append([]string{"NIDAN_PUBLIC_LISTEN=" + pagesAddress, "NIDAN_PUBLIC_URL=" + origin}, changes...)...)
	n.public = origin
	return n
}

// window is one window of a real browser. Windows of one browser share their cookies, as tabs do. A private window does not share them.
type window struct {
	t       *testing.T
	ctx     context.Context
	problem *syncBuffer // the errors of the page's script
}

// newBrowser starts a browser with an empty profile, and opens a window.
func newBrowser(t *testing.T) *window {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("accept-lang", "ja"), chromedp.WindowSize(1000, 900))
	if os.Getenv("SHOW_BROWSER") != "" { // for people who want to see what a test does
		options = append(options, chromedp.Flag("headless", false))
	}
	allocator, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	return openWindow(t, allocator)
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("Chromium is not installed: make test installs it or says how")
	return ""
}

// tab opens another window of the same browser.
func (w *window) tab() *window { return openWindow(w.t, w.ctx) }

// private opens a window that shares nothing with the others.
func (w *window) private() *window { return openWindow(w.t, w.ctx, chromedp.WithNewBrowserContext()) }

func openWindow(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *window {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	w := &window{t: t, ctx: ctx, problem: &syncBuffer{}}
	// The first command opens the window, which then lives as long as the context of this command. So the command has no timeout.
	if err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			fmt.Fprintln(w.problem, e.ExceptionDetails.Text, e.ExceptionDetails.Exception.Description)
		}
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if got := w.problem.String(); got != "" {
			t.Errorf("the page's script failed: %s", got)
		}
	})
	return w
}

type step = chromedp.Action[chromedp.Void]

// do runs steps. Their timeout is the patience of a test.
func (w *window) do(steps ...step) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatalf("%v\n%s", err, w.look())
	}
}

// call runs a command of the browser's own protocol.
func call[P, R any](w *window, command cdp.Command[P, R], params P) R {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

// look returns what a person would see, for the message of a failure.
func (w *window) look() string {
	text, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

// eval returns the value of an expression on the page.
func eval[T any](w *window, expression string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", expression, err, w.look())
	}
	return v
}

// run runs a script on the page.
func (w *window) run(script string) { w.t.Helper(); w.do(chromedp.Evaluate[chromedp.Void](script)) }

// until waits for an expression to be true on the page.
func (w *window) until(expression string) {
	w.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil && holds {
			return
		}
	}
	w.t.Fatalf("waited in vain until %s\n%s", expression, w.look())
}

// shown waits until the element with this id is shown.
func (w *window) shown(id string) {
	w.t.Helper()
	w.until(`(e => e && e.checkVisibility())(document.getElementById("` + id + `"))`)
}

// says waits until the message on the page contains a text.
func (w *window) says(text string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`!document.body.hasAttribute("aria-busy") && document.getElementById("message")?.innerText.includes(%q)`, text))
}

// open goes to a page.
func (w *window) open(path string) { w.t.Helper(); w.goTo(origin + path) }

// goTo goes to any address.
func (w *window) goTo(url string) { w.t.Helper(); w.do(chromedp.Navigate(url)) }

// keys types into the element that has the focus, like a keyboard.
func (w *window) keys(text string) { w.t.Helper(); w.do(chromedp.KeyEvent(text)) }

// click clicks on the element that a CSS selector finds.
func (w *window) click(selector string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
	// The element may have belonged to a page that was just replaced. Then nothing was clicked, and the new page has the element too.
	for tries := 0; tries < 5 && err != nil && strings.Contains(err.Error(), "Could not find node"); tries++ {
		err = chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
	}
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.look())
	}
}

// insert inserts a text in one piece, like a mail program or a phone that fills in a code.
func (w *window) insert(text string) {
	w.t.Helper()
	call(w, input.InsertText, input.InsertTextParams{Text: text})
}

// signIn opens the sign-in page and types account and password.
func (w *window) signIn(account string) {
	w.t.Helper()
	w.open("/login")
	w.shown("password-step")
	w.keys(account + "\t" + password + "\r")
}

// asked waits for the boxes of the code.
func (w *window) asked() {
	w.t.Helper()
	w.shown("code-step")
	w.until(`!document.body.hasAttribute("aria-busy")`)
}

// in waits until the browser is signed in to this account.
func (w *window) in(account string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`location.pathname === "/" && document.getElementById("account")?.innerText === %q`, account))
}

// focusCode puts the focus into the code's first box.
func (w *window) focusCode() { w.t.Helper(); w.focusBox("#code") }

func (w *window) focusBox(code string) {
	w.t.Helper()
	w.run(fmt.Sprintf(`document.querySelector("%s input").focus()`, code))
}

// aMinuteLater moves the page's clock forward by a minute.
func (w *window) aMinuteLater() {
	w.t.Helper()
	w.run(`Date.now = (now => () => now() + 60000)(Date.now)`)
}

// boxes returns the digits in the boxes of the code, "." for an empty box.
func (w *window) boxes() string {
	w.t.Helper()
	return eval[string](w, `[...document.querySelectorAll("#code input")].map(b => b.value || ".").join("")`)
}

// focused returns the id of the element that has the focus; for a box of the code, its number, from 1.
func (w *window) focused() string {
	w.t.Helper()
	return eval[string](w, `(e => e.id || String([...document.querySelectorAll("#code input")].indexOf(e) + 1))(document.activeElement)`)
}

// prefers sets the languages that the browser asks for.
func (w *window) prefers(languages string) {
	w.t.Helper()
	call(w, network.Enable, network.EnableParams{})
	call(w, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": languages}})
}

func (w *window) withoutJavaScript() {
	w.t.Helper()
	call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// cookies returns the cookies of the pages, by name.
func (w *window) cookies() map[string]*network.Cookie {
	w.t.Helper()
	found := map[string]*network.Cookie{}
	for _, c := range call(w, network.GetCookies, network.GetCookiesParams{URLs: []string{origin}}).Cookies {
		found[c.Name] = c
	}
	return found
}

// forget removes a cookie, like a person who clears it.
func (w *window) forget(name string) {
	w.t.Helper()
	call(w, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: origin})
	if _, there := w.cookies()[name]; there {
		w.t.Fatalf("%s is still there", name)
	}
}

// signOut ends the session, and leaves everything else.
func (w *window) signOut() { w.t.Helper(); w.forget("ory_kratos_session") }

func trimmed(s string) string { return strings.Join(strings.Fields(s), " ") }

// paste pastes a text into the element that has the focus, like the clipboard.
func (w *window) paste(text string) {
	w.t.Helper()
	w.run(fmt.Sprintf(`(() => {
		const data = new DataTransfer();
		data.setData("text/plain", %q);
		document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
	})()`, text))
}
