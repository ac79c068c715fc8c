package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The sections of docs/your-own-login-page.md about Ory Elements: as it comes, and with improvements.
const (
	asItComes  = "### As it comes"
	withAFew   = "### With a few lines of your own"
	codeOnPage = `document.getElementById("transient_payload.two_factor.code")`
)

// buildElements builds the sign-in page that sections of the documentation show, and returns the folder of the page.
func buildElements(t *testing.T, sections ...string) string {
	t.Helper()
	dir := t.TempDir()
	writeShown(t, dir, sections...)
	packages, err := filepath.Abs("elements/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(packages, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	vite := exec.CommandContext(t.Context(), "node", filepath.Join(packages, "vite", "bin", "vite.js"), "build", "--logLevel", "error")
	vite.Dir = dir
	if out, err := vite.CombinedOutput(); err != nil {
		t.Fatalf("build the page (make setup installs what that needs): %v\n%s", err, out)
	}
	return filepath.Join(dir, "dist")
}

// The documentation says which versions were tried. They must be the versions that the tests use.
func TestTheDocumentedVersionsOfOryElements(t *testing.T) {
	raw, err := os.ReadFile("elements/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var packages struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(raw, &packages); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/your-own-login-page.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), "\nnpm install ")
	command, _, _ := strings.Cut(after, "\n")
	if named := strings.Fields(command); !found || len(named) != len(packages.DevDependencies) {
		t.Errorf("documented are %q, and installed %v", named, packages.DevDependencies)
	}
	for name, version := range packages.DevDependencies {
		if !strings.Contains(" "+command+" ", " "+name+"@"+version+" ") {
			t.Errorf("%s is installed in version %s, and documented is %q", name, version, command)
		}
	}
}

// elements opens a window with a sign-in page made of Ory Elements, in English.
func elements(t *testing.T, n *nidan, query string) *window {
	t.Helper()
	w := newBrowser(t)
	w.prefers("en")
	w.beginOn(n, query)
	return w
}

// beginOn begins to sign in on a page made of Ory Elements.
func (w *window) beginOn(n *nidan, query string) {
	w.t.Helper()
	w.goTo(n.public + "/self-service/login/browser" + query)
	w.until(`location.pathname === "` + ownPage + `" && document.activeElement.name === "identifier"`)
}

// finds waits until the page shows a text and accepts input again.
func (w *window) finds(text string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`document.body.innerText.includes(%q) && !document.querySelector("input:disabled")`, text))
}

// press presses the button with this text.
func (w *window) press(text string) {
	w.t.Helper()
	w.run(fmt.Sprintf(`[...document.querySelectorAll("button")].find(b => b.innerText === %q).click()`, text))
}

// Ory Elements does not know Nidan. It signs in with two steps because Nidan's answer adds a field to the flow.
func TestOryElementsAsItComes(t *testing.T) {
	n := withOwnPage(t, buildElements(t, asItComes))
	t.Run("signs in with two steps", func(t *testing.T) {
		who := account(t, nil)
		w := elements(t, n, "?return_to="+n.public+"/console/me")
		w.keys(who + "\t" + password + "\r")
		w.asksForAllAgain("We sent a verification code to t***@example.com. Enter the code from that e-mail.")
		right := n.codeOf(who)
		// The field of the code is between account and password.
		w.keys(who + "\t" + wrong(right) + "\t" + password + "\r")
		w.asksForAllAgain("The verification code is wrong. Enter the correct verification code.")
		w.keys(who + "\t" + right + "\t" + password + "\r")
		w.until(`location.pathname === "/console/me"`)
	})
	t.Run("leads to another code when one has expired", func(t *testing.T) {
		who := account(t, nil)
		w := elements(t, n, "")
		w.keys(who + "\t" + password + "\r")
		w.asksForAllAgain("We sent a verification code")
		late := n.codeOf(who)
		n.later(11 * time.Minute)
		w.keys(who + "\t" + late + "\t" + password + "\r")
		w.finds("The verification code has expired.")
		if text := eval[string](w, codeOnPage+`.parentElement.innerText`); text != "" {
			t.Errorf("at the field stands %q, which is not documented", text)
		}
		w.do(chromedp.Reload()) // a reload sends no other code
		w.until(`document.activeElement.name === "identifier"`)
		w.keys(who + "\t\t" + password + "\r")
		w.finds("The verification code has expired.")
		w.run(`[...document.querySelectorAll("a")].find(a => a.innerText === "Start signing in anew").click()`)
		w.until(`document.activeElement.name === "identifier" && !` + codeOnPage)
		w.keys(who + "\t" + password + "\r")
		w.asksForAllAgain("We sent a verification code")
		w.keys(who + "\t" + n.codeOf(who) + "\t" + password + "\r")
		w.until(`location.pathname === "/"`)
	})
	t.Run("opened without a flow, and when Nidan is away", func(t *testing.T) { elements(t, n, "").opened(n) })
}

// asksForAllAgain waits for a message, and checks everything that the documentation calls rough.
func (w *window) asksForAllAgain(message string) {
	w.t.Helper()
	w.finds(message)
	w.looks(
		`document.querySelector("h2").parentElement.innerText`, "Sign in\n\nSign in with your email and password",
		`document.getElementsByName("identifier")[0].value`, "",
		`document.getElementsByName("password")[0].value`, "",
		codeOnPage+`.value`, "",
		codeOnPage+`.parentElement.innerText`,
		"Enter the verification code (6 digits).\nEnter your account and password again, too.",
		`String(document.querySelectorAll("label").length)`, "2", // the labels of account and password
		`String(document.activeElement === `+codeOnPage+`)`, "false",
	)
	w.click(`[name="identifier"]`)
}

// With the documented lines, the second step asks only for the code.
func TestOryElementsWithAFewLinesOfOnesOwn(t *testing.T) {
	n := withOwnPage(t, buildElements(t, asItComes, withAFew))
	t.Run("account and password are asked once", func(t *testing.T) {
		who := account(t, nil)
		w := elements(t, n, "?return_to="+n.public+"/console/me")
		accessible(t, w)
		w.keys(who + "\t" + password + "\r")
		w.asksForTheCode(who, "We sent a verification code to t***@example.com. Enter the code from that e-mail.")
		accessible(t, w)
		right := n.codeOf(who)
		w.keys(wrong(right) + "\r")
		w.asksForTheCode(who, "The verification code is wrong. Enter the correct verification code.")
		w.keys(right + "\r")
		w.until(`location.pathname === "/console/me"`)
	})
	t.Run("another code, giving up, and being remembered", func(t *testing.T) {
		who := account(t, nil)
		w := elements(t, n, "")
		w.keys(who + "\t" + password + "\r")
		w.asksForTheCode(who, "We sent a verification code")
		w.press("Send another code")
		w.asksForTheCode(who, "Another verification code cannot be sent yet.")
		n.later(time.Minute)
		w.press("Send another code")
		w.asksForTheCode(who, "We sent a new verification code")
		w.press("Cancel")
		w.finds("Two-step verification was cancelled. You are not signed in.")
		w.until(`document.activeElement.name === "password" && !document.activeElement.value && !` + codeOnPage)
		n.later(time.Minute)
		w.keys(password + "\r") // the account is still there
		w.asksForTheCode(who, "We sent a verification code")
		w.click(`[name="remember"]`)
		w.click(`[id="transient_payload.two_factor.code"]`)
		w.keys(n.codeOf(who) + "\r")
		w.until(`location.pathname === "/"`)
		w.signOut()
		w.beginOn(n, "")
		w.keys(who + "\t" + password + "\r")
		w.until(`location.pathname === "/"`) // no code is asked
	})
	t.Run("after a reload, and when the code has expired", func(t *testing.T) {
		who := account(t, nil)
		w := elements(t, n, "")
		w.keys(who + "\t" + password + "\r")
		w.asksForTheCode(who, "We sent a verification code")
		late := n.codeOf(who)
		w.do(chromedp.Reload())
		w.until(`document.activeElement.name === "identifier" && ` + codeOnPage)
		n.later(11 * time.Minute)
		w.keys(who + "\t" + late + "\t" + password + "\r")
		w.finds("The verification code has expired.")
		w.until(`!` + codeOnPage + ` && !document.querySelector("[name=method]")`)
		w.press("Send another code")
		w.asksForTheCode(who, "We sent a new verification code")
		w.keys(n.codeOf(who) + "\r")
		w.until(`location.pathname === "/"`)
	})
	t.Run("what takes the code's place is shown, and the password asked again", func(t *testing.T) {
		who := account(t, nil)
		w := elements(t, n, "")
		w.keys(who + "\t" + password + "\r")
		w.asksForTheCode(who, "We sent a verification code")
		changed(t, who, `[{"op": "replace", "path": "/metadata_public/two_factor/enabled", "value": false}]`)
		w.keys(n.codeOf(who) + "\r")
		w.finds("Sign in again from the sign-in page.")
		w.until(`document.activeElement.name === "password" && !` + codeOnPage)
	})
	t.Run("codes that others tried are told of", func(t *testing.T) {
		who := account(t, nil)
		thief := newSignIn(t, who)
		thief.expect("code_sent", 1990001, nil)
		thief.expect("code_mismatch", 4990001, code(wrong(n.codeOf(who))))
		w := elements(t, n, "")
		w.run(`window.alert = (text) => sessionStorage.setItem("told", text)`)
		w.keys(who + "\t" + password + "\r")
		w.asksForTheCode(who, "We sent a verification code")
		w.keys(n.codeOf(who) + "\r")
		w.until(`location.pathname === "/"`)
		told := eval[string](w, `sessionStorage.getItem("told") ?? ""`)
		if !strings.Contains(told, "in other sign-ins of this account: 1.") {
			t.Errorf("told was %q", told)
		}
	})
	t.Run("opened without a flow, and when Nidan is away", func(t *testing.T) { elements(t, n, "").opened(n) })
}

// asksForTheCode waits for a message, and checks that the code is the only text to fill in: the field is empty, and has its label and the focus.
func (w *window) asksForTheCode(who, message string) {
	w.t.Helper()
	w.finds(message)
	w.until(`document.activeElement === ` + codeOnPage + ` && document.activeElement.value === ""`)
	w.looks(
		`document.querySelector("header").innerText.replaceAll(/\s+/g, " ")`, "Two-step verification "+who,
		`document.querySelector('[role="alert"]').innerText.slice(0, `+strconv.Itoa(len(message))+`)`, message,
		codeOnPage+`.labels[0].innerText`, "Enter the verification code (6 digits).",
		codeOnPage+`.autocomplete`, "one-time-code",
		`[...document.querySelectorAll("input")].filter(e => e.checkVisibility()).map(e => e.name).join(" ")`,
		"transient_payload.two_factor.code remember",
		`document.querySelector("[name=method]").innerText`, "Sign in",
	)
}

// looks compares expressions on the page with texts. The arguments are expression, text, expression, text and so on.
func (w *window) looks(pairs ...string) {
	w.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := eval[string](w, pairs[i]); strings.TrimSpace(got) != pairs[i+1] {
			w.t.Errorf("%s is %q, want %q", pairs[i], got, pairs[i+1])
		}
	}
}
