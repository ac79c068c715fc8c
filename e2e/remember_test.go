package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const day = 24 * time.Hour

// remembered is an account whose softphone and browser are remembered, after it has entered codes on both.
type remembered struct {
	n             *nidan
	account       string
	password      string
	token, cookie string
}

func newRemembered(t *testing.T, n *nidan) *remembered {
	t.Helper()
	n.t = t
	r := &remembered{n: n, account: account(t, nil), password: password, cookie: strings.Repeat("c", 43)}
	r.token = n.rememberSoftphone(r.account)
	n.rememberBrowser(r.account, r.cookie)
	return r
}

// signIn makes a new sign-in on the remembered softphone and one in the remembered browser.
func (r *remembered) signIn() (softphone, browser string) {
	r.n.t.Helper()
	s := newSignIn(r.n.t, r.account)
	s.password = r.password
	f := newForm(r.n.t, r.account)
	f.fields.Set("password", r.password)
	f.setCookie(deviceCookie, r.cookie)
	return s.submit(map[string]any{"device_token": r.token}).ending(), f.ending(`{}`)
}

func (r *remembered) want(ends string) {
	r.n.t.Helper()
	if softphone, browser := r.signIn(); softphone != ends || browser != ends {
		r.n.t.Errorf("a new sign-in ends with %s on the softphone and %s in the browser, want %s", softphone, browser, ends)
	}
}

// session returns a session of the same account on the remembered softphone, without a code.
func (r *remembered) session() http.Header {
	r.n.t.Helper()
	return newSignIn(r.n.t, r.account).expectIn(map[string]any{"device_token": r.token})
}

func TestHowLongADeviceIsRemembered(t *testing.T) {
	n := started(t)
	for _, tc := range []struct {
		how    string
		change func(*remembered)
		ends   string
	}{
		{"at once", func(*remembered) {}, letIn},
		{"after 30 days but for a minute", func(r *remembered) { r.n.later(30*day - time.Minute) }, letIn},
		{"after 30 days", func(r *remembered) { r.n.later(30 * day) }, asked},
		{"after 30 days, though it has been used all the time", func(r *remembered) {
			for range 3 {
				r.n.later(9 * day)
				r.want(letIn)
			}
			r.n.later(3 * day)
		}, asked},
		{"after a day, when the days have been lowered to one", func(r *remembered) {
			r.n.sql("UPDATE settings SET remember_days = 1")
			r.n.later(day)
		}, asked},
		{"within a day, when the days have been lowered to one", func(r *remembered) {
			r.n.sql("UPDATE settings SET remember_days = 1")
			r.n.later(day - time.Minute)
		}, letIn},
		{"after 30 days, when there are more of them now", func(r *remembered) {
			r.n.sql("UPDATE settings SET remember_days = 60")
			r.n.later(30 * day)
		}, letIn},
		{"when remembering has been switched off", func(r *remembered) {
			r.n.set("two_factor", "softphone", "admin_console")
		}, asked},
		{"when its holder has set a new password", func(r *remembered) {
			r.password = password + "-new"
			newPassword(r.n.t, r.session(), r.password)
		}, asked},
		{"when its holder has set the same password again", func(r *remembered) {
			if status := settings(r.n.t, r.session(), `{"method": "password", "password": "`+password+`"}`); status == http.StatusOK {
				return
			}
			// Since version 26, Kratos accepts only another password.
			r.password = password + "-other"
			newPassword(r.n.t, r.session(), r.password)
		}, asked},
		{"when its holder's new password was not taken", func(r *remembered) {
			if status := settings(r.n.t, r.session(), `{"method": "password", "password": "short"}`); status != http.StatusBadRequest {
				r.n.t.Fatalf("the short password: %d", status)
			}
		}, letIn},
		{"when the account's flag has been off, and a sign-in came meanwhile", func(r *remembered) {
			changed(r.n.t, r.account, `[{"op": "replace", "path": "/metadata_public/two_factor/enabled", "value": false}]`)
			r.want(letIn)
			changed(r.n.t, r.account, `[{"op": "replace", "path": "/metadata_public/two_factor/enabled", "value": true}]`)
		}, asked},
		{"when the e-mail address has been changed", func(r *remembered) {
			changed(r.n.t, r.account, `[{"op": "replace", "path": "/traits/email", "value": "new@example.com"}]`)
		}, letIn},
		{"when another account has set a new password", func(r *remembered) {
			other := newRemembered(r.n.t, r.n)
			newPassword(r.n.t, other.session(), password+"-new")
		}, letIn},
		{"when Nidan has been started anew", func(r *remembered) {
			r.n.stop()
			r.n.start()
		}, letIn},
	} {
		t.Run(tc.how, func(t *testing.T) {
			n.t = t
			n.sql("UPDATE settings SET remember_days = 30")
			n.set(everySwitch...)
			r := newRemembered(t, n)
			tc.change(r)
			r.want(tc.ends)
		})
	}
}

// A remembered device was asked for a code once. So its sessions count as sessions with a second step.
func TestWhatARememberedDeviceIsWorth(t *testing.T) {
	n := started(t)
	r := newRemembered(t, n)
	n.expectWorth(r.session(), "softphone remembered", "agent")
}

func TestWhereRememberingIsOffNoTokenIsGiven(t *testing.T) {
	n := started(t)
	n.set("two_factor", "softphone", "admin_console")
	s := newSignIn(t, account(t, nil))
	c := s.expect("code_sent", 1990001, nil).UI.Messages[0].Context.Challenge
	if c.DeviceToken != "" || c.RememberDays != 0 {
		t.Errorf("the challenge is %+v", c)
	}
}
