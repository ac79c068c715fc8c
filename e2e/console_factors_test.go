package e2e

import (
	"net/http"
	"slices"
	"testing"
)

// An administrator sees which accounts rely on codes by e-mail.
func TestTheConsoleShowsWhoReliesOnMail(t *testing.T) {
	startKratos(t) // with no other accounts
	n := forBrowsers(t)
	admin, byApp, byMail := account(t, administrator), account(t, nil), account(t, nil)
	n.enrolled(byApp)
	n.set("two_factor", "admin_console")
	w := newBrowser(t)
	w.signInTo(n, "/console/accounts", admin)
	row := func(name string) string {
		return `[...document.querySelectorAll("tbody tr")].find(r => r.innerText.includes("` + name + `"))?.querySelector(".factors").innerText`
	}
	w.until(row(byApp) + ` === "認証アプリ"`)
	w.until(row(byMail) + ` === "メールのみ"`)
	accessible(t, w)
	for filter, want := range map[string][]string{"mail": {admin, byMail}, "totp": {byApp}, "webauthn": nil} {
		w.open("/console/accounts?factor=" + filter)
		w.at("/console/accounts?factor=" + filter)
		got := eval[[]string](w, `[...document.querySelectorAll("tbody tr:has(.factors) td:first-child a")].map(a => a.innerText)`)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("by %s: %q, want %q", filter, got, want)
		}
	}
	w.open("/console/accounts/" + accountID(t, byApp))
	w.reads("#factors", "認証アプリ")
	w.open("/language/en?to=/console/me")
	w.reads("#factors", "Mail only")
	accessible(t, w)

	a := newAPI(t, n, consoleSession(t, n, admin))
	for name, want := range map[string][]any{byApp: {"totp"}, byMail: {}} {
		status, _, got := a.call(t, "GET", "/accounts/{id}", "/accounts/"+accountID(t, name), "", nil)
		if status != http.StatusOK || !slices.Equal(got["factors"].([]any), want) {
			t.Errorf("%s has %v, want %v", name, got["factors"], want)
		}
	}
	status, _, got := a.call(t, "GET", "/accounts", "/accounts?factor=totp", "", nil)
	if status != http.StatusOK || len(got["accounts"].([]any)) != 1 {
		t.Errorf("got %d %v", status, got)
	}
}
