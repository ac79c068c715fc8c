package e2e

import (
	"net/http"
	"testing"
)

// everySwitch are the console's switches as they are in a new Nidan: all on.
var everySwitch = []string{"two_factor", "admin_console", "softphone", "remember"}

// between is a sign-in whose code was sent and not entered yet. In between, something changes.
type between struct {
	t       *testing.T
	n       *nidan
	s       *signIn
	session http.Header // of the same account, from an earlier sign-in
}

// set changes the console's switches, and identityBy changes the account, as an administrator does.
func set(on ...string) func(*between) { return func(b *between) { b.n.set(on...) } }
func identityBy(patch string) func(*between) {
	return func(b *between) { changed(b.t, b.s.identifier, patch) }
}

// A code proves something about an account under the rules, both as they were when the code was sent. If one of them has changed when the
// code is entered, the code signs nobody in, and the answer is sign_in_again. The next sign-in uses the new facts and rules.
func TestWhatMakesACodeThatIsOutWorthless(t *testing.T) {
	n := started(t)
	for _, tc := range []struct {
		what   string
		change func(*between)
		ends   string // entering the right code
		again  string // signing in anew
	}{
		{"two-step verification is switched off", set(), "sign_in_again", letIn},
		{"the softphone is switched off", set("two_factor", "admin_console", "remember"), "sign_in_again", letIn},
		{"the account's flag is switched off",
			identityBy(`[{"op": "replace", "path": "/metadata_public/two_factor/enabled", "value": false}]`), "sign_in_again", letIn},
		{"the account's flag is taken away",
			identityBy(`[{"op": "remove", "path": "/metadata_public/two_factor"}]`), "sign_in_again", letIn},
		{"the account moves to the business-phone plan",
			identityBy(`[{"op": "add", "path": "/metadata_public/plan", "value": "business_phone"}]`), "sign_in_again", letIn},
		{"the e-mail address is taken away", identityBy(`[{"op": "remove", "path": "/traits/email"}]`), "sign_in_again", letIn},
		{"the e-mail address is changed",
			identityBy(`[{"op": "replace", "path": "/traits/email", "value": "new-address@example.com"}]`), "sign_in_again", asked},
		{"the role is changed", identityBy(`[{"op": "replace", "path": "/metadata_public/role", "value": "supervisor"}]`),
			"sign_in_again", asked},
		{"the password is changed by its holder", func(b *between) {
			b.s.password = password + "-changed"
			newPassword(b.t, b.session, b.s.password)
		}, "sign_in_again", asked},
		{"the account is locked", identityBy(`[{"op": "add", "path": "/metadata_public/locked", "value": true}]`),
			"sign_in_again", "sign_in_again"},
		{"the password expires", identityBy(`[{"op": "add", "path": "/metadata_public/password_expired", "value": true}]`),
			"sign_in_again", "sign_in_again"},
		{"what the account is becomes unreadable", identityBy(`[{"op": "replace", "path": "/metadata_public/role", "value": 1}]`),
			"unavailable", "unavailable"},
		{"the account becomes inactive", identityBy(`[{"op": "replace", "path": "/state", "value": "inactive"}]`), byKratos, byKratos},
		{"the password is changed by its holder, and the old one is entered", func(b *between) {
			newPassword(b.t, b.session, password+"-changed")
		}, byKratos, byKratos},

		// These cases show that not every change makes a code worthless.
		{"nothing changes", func(*between) {}, letIn, asked},
		{"the console is switched off", set("two_factor", "softphone", "remember"), letIn, asked},
		{"remembering is switched off", set("two_factor", "softphone", "admin_console"), letIn, asked},
		{"the name is changed", identityBy(`[{"op": "replace", "path": "/traits/name", "value": "Another"}]`), letIn, asked},
		{"the language is changed", identityBy(`[{"op": "add", "path": "/traits/locale", "value": "en"}]`), letIn, asked},
	} {
		t.Run(tc.what, func(t *testing.T) {
			n.t = t
			n.set(everySwitch...)
			b := &between{t: t, n: n, s: newSignIn(t, account(t, nil))}
			b.s.expect("code_sent", 1990001, nil)
			b.session = b.s.expectIn(code(n.codeOf(b.s.identifier)))
			b.s.begin("", nil)
			b.s.expect("code_sent", 1990001, nil)
			right := n.codeOf(b.s.identifier)
			tc.change(b)
			r := b.s.submit(code(right))
			if got := r.ending(); got != tc.ends {
				t.Errorf("the right code ends with %s, want %s", got, tc.ends)
			}
			if r.state() == "sign_in_again" && r.UI.Messages[0].ID != 4990004 {
				t.Errorf("its number is %d", r.UI.Messages[0].ID)
			}
			b.s.begin("", nil)
			if got := b.s.submit(nil).ending(); got != tc.again {
				t.Errorf("a new sign-in ends with %s, want %s", got, tc.again)
			}
		})
	}
}

// The same in a browser, and with a resend: a resend must not send a code for facts that have changed.
func TestWhatAlsoLeadsToSigningInAgain(t *testing.T) {
	n := started(t)
	changeAddress := `[{"op": "replace", "path": "/traits/email", "value": "elsewhere@example.com"}]`
	t.Run("in a browser", func(t *testing.T) {
		n.t = t
		name := account(t, nil)
		f := newForm(t, name)
		f.submit(`{}`)
		right := n.codeOf(name)
		n.set("two_factor", "softphone")
		defer n.set(everySwitch...)
		if got := f.ending(`{"two_factor": {"code": "` + right + `"}}`); got != "sign_in_again" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("asking for another code", func(t *testing.T) {
		n.t = t
		s := newSignIn(t, account(t, nil))
		s.expect("code_sent", 1990001, nil)
		n.rested()
		changed(t, s.identifier, changeAddress)
		s.expect("sign_in_again", 4990004, resend)
	})
	t.Run("asking for another code when none is needed any more", func(t *testing.T) {
		n.t = t
		s := newSignIn(t, account(t, nil))
		s.expect("code_sent", 1990001, nil)
		n.rested()
		n.set()
		defer n.set(everySwitch...)
		s.expect("sign_in_again", 4990004, resend)
	})
	t.Run("the address is changed and changed back after the code was refused", func(t *testing.T) {
		n.t = t
		s := newSignIn(t, account(t, nil))
		s.expect("code_sent", 1990001, nil)
		right := n.codeOf(s.identifier)
		changed(t, s.identifier, changeAddress)
		s.expect("sign_in_again", 4990004, code(right))
		changed(t, s.identifier, `[{"op": "replace", "path": "/traits/email", "value": "`+s.identifier+`@example.com"}]`)
		s.expect("sign_in_again", 4990004, code(right))
	})
	t.Run("the new code goes to the new address", func(t *testing.T) {
		n.t = t
		s := newSignIn(t, account(t, nil))
		s.expect("code_sent", 1990001, nil)
		right := n.codeOf(s.identifier)
		changed(t, s.identifier, changeAddress)
		s.expect("sign_in_again", 4990004, code(right))
		s.begin("", nil)
		s.expect("code_sent", 1990001, nil)
		n.newestCode()
		if to := n.mailbox.Messages()[0].To; to != "elsewhere@example.com" {
			t.Errorf("it went to %s", to)
		}
	})
}
