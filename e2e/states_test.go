package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// state is one of the documented states, as a person sees it on the page.
type state struct {
	name   string
	reach  func(*nidan, *window) // from the step at which the code is asked; nil: this step is the state
	ja, en string                // the sentence of the state
	ends   string                // the id of the element that is shown for the next step
	focus  string                // the element that has the focus
}

// move changes Nidan's data, in the place of a long wait or of another clock.
func move(statement string) func(*nidan, *window) {
	return func(n *nidan, w *window) {
		n.code(1)
		n.sql(statement)
		w.keys("000000\r")
	}
}

var states = []state{
	{"code_sent", nil, "宛に認証コードを送信しました。", "We sent a verification code to", "code-step", "1"},
	{"code_resent", func(n *nidan, w *window) {
		n.code(1)
		n.sql(`UPDATE challenges SET resend_at = 0`)
		w.aMinuteLater()
		w.click("#resend")
	}, "新しい認証コードを送信しました。", "We sent a new verification code to", "code-step", "1"},
	{"cancelled", func(_ *nidan, w *window) { w.click("#cancel") },
		"2段階認証を中止しました。ログインは行われていません。", "Two-step verification was cancelled. You are not signed in.",
		"password-step", "password"},
	{"code_mismatch", func(n *nidan, w *window) { w.keys(wrong(n.code(1)) + "\r") },
		"認証コードが間違っています。正しい認証コードを入力してください。", "The verification code is wrong.", "code-step", "1"},
	{"code_expired", move(`UPDATE challenges SET expires_at = 0`),
		"認証コードの有効期限を超過しています。認証コードを再送信してください。", "The verification code has expired.", "code-step", "resend"},
	{"attempts_exceeded", move(`UPDATE challenges SET attempts = max_attempts`),
		"認証コードの試行回数を超過しています。認証コードを再送信してください。", "The verification code was tried too many times.",
		"code-step", "resend"},
	{"sign_in_again", move(`UPDATE challenges SET facts = code_mac`),
		"ログイン認証の設定が無効になっているか、アカウントの情報が更新されている可能性があります。ログイン画面から再度ログインしてください。",
		"Sign in again from the sign-in page.", "start-again", ""},
	{"too_many_codes", func(n *nidan, w *window) { n.code(1); w.click("#resend") },
		"秒後に再度お試しください。", "Another verification code cannot be sent yet.", "code-step", "resend"},
	{"unavailable", move(`ALTER TABLE records RENAME TO records_away`),
		"現在ログインを受け付けられません。", "Signing in is not possible at the moment.", "code-step", ""},
}

// refusals are the states of a policy that refuses, and does not ask for a code.
var refusals = []state{
	{"client_too_old", nil, "Two factor auth key required.", "Two factor auth key required.", "start-again", ""},
	{"refused", nil, "このアカウントではログインできません。管理者にお問い合わせください。", "This account may not sign in.",
		"password-step", "password"},
}

// refusing returns a folder of policies that refuse everybody with this state.
func refusing(t *testing.T, state, more string) string {
	t.Helper()
	dir := t.TempDir()
	for name, policy := range map[string]string{
		"login": `{"action": "refuse", "reason": "a_reason_of_ones_own", "state": "` + state + `", "channel": "admin_console"` + more + `}`,
		// A set without these policies is not activated.
		"capabilities": `{"capabilities": [], "reasons": {}}`, "console": `{"allow": false, "reason": "role_may_not"}`,
	} {
		text := "package nidan." + name + "\n\ndecision := " + policy + "\n"
		if err := os.WriteFile(filepath.Join(dir, name+".rego"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// reached brings a window to a state.
func (s state) reached(t *testing.T, prepare func(*window)) *window {
	t.Helper()
	var changes []string
	if slices.ContainsFunc(refusals, func(r state) bool { return r.name == s.name }) {
		changes = []string{"NIDAN_POLICIES_DIR=" + refusing(t, s.name, "")}
	}
	n := forBrowsers(t, changes...)
	w := newBrowser(t)
	if prepare != nil {
		prepare(w)
	}
	w.signIn(account(t, nil))
	if changes == nil {
		w.asked()
	}
	if s.reach != nil {
		s.reach(n, w)
	}
	return w
}

func TestEachStateOnThePage(t *testing.T) {
	for _, s := range append(slices.Clone(states), refusals...) {
		t.Run(s.name, func(t *testing.T) {
			w := s.reached(t, nil)
			w.says(s.ja)
			w.shown(s.ends)
			if s.focus != "" {
				if at := w.focused(); at != s.focus {
					t.Errorf("the focus is at %s, want %s", at, s.focus)
				}
			}
			if s.ends == "code-step" {
				w.until(`document.getElementById("sent").innerText.includes("t***@example.com")`)
			}
			if role := eval[string](w, `document.getElementById("message").getAttribute("role")`); role != "alert" {
				t.Errorf("the message is not announced: role %q", role)
			}
			accessible(t, w)
			w.click(`[data-locale="en"]`)
			w.says(s.en)
			accessible(t, w)
			if s.ends == "start-again" {
				w.click("#start-again a")
				w.shown("password-step")
				w.until(`document.getElementById("message").hidden`)
			}
		})
	}
}

// The policies' own texts come from the server, in the language in which the page asked for them.
func TestARefusalInThePoliciesOwnWords(t *testing.T) {
	for _, s := range append(slices.Clone(refusals), state{name: "sign_in_again", ends: "start-again"}) {
		t.Run(s.name, func(t *testing.T) {
			forBrowsers(t, "NIDAN_POLICIES_DIR="+refusing(t, s.name, `, "message": {"ja": "本日は休業日です。", "en": "We are closed today."}`))
			who := account(t, nil)
			w := newBrowser(t)
			w.signIn(who)
			w.says("本日は休業日です。")
			w.shown(s.ends)
			w.click(`[data-locale="en"]`)
			w.signIn(who)
			w.says("We are closed today.")
			w.shown(s.ends)
		})
	}
}

func TestOtherPagesAreAccessible(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.open("/login")
	w.shown("password-step")
	accessible(t, w)
	w.open("/error?id=1")
	w.until(`document.querySelector("h1")`)
	accessible(t, w)
	who := account(t, nil)
	w.signIn(who)
	w.asked()
	w.keys(n.code(1) + "\r")
	w.in(who)
	accessible(t, w)
	w.click("#sign-out")
	w.shown("password-step") // signed out
}

// accessible checks the page with axe-core.
func accessible(t *testing.T, w *window) {
	t.Helper()
	script, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe-core is not installed: make test installs it: %v", err)
	}
	// The page's rules for scripts (Content-Security-Policy) do not hold for scripts that the browser's own protocol runs.
	w.run(string(script) + "; void 0")
	w.run(`window.found = null; axe.run(document, {resultTypes: ["violations", "passes"]}).then(r => { window.found = r }); void 0`)
	w.until("window.found")
	raw := eval[string](w, `JSON.stringify({passes: found.passes.length, violations: found.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html).join(" "))})`)
	var result struct {
		Passes     int
		Violations []string
	}
	if err := json.Unmarshal([]byte(raw), &result); err != nil {
		t.Fatal(err)
	}
	if len(result.Violations) > 0 || result.Passes < 10 {
		t.Errorf("%d rules hold; broken:\n%s", result.Passes, strings.Join(result.Violations, "\n"))
	}
}
