package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kiosk is the address to which browsers of a team's own channel go after their sign-in.
var kiosk = origin + "/kiosk/"

// atKiosk begins a sign-in that leads to the kiosk.
func atKiosk(t *testing.T, account string) *form {
	t.Helper()
	f := newForm(t, account)
	f.begin("?" + url.Values{"return_to": {kiosk + "start"}}.Encode())
	return f
}

// A layer adds a channel with one key while Nidan runs. It is enforced before anybody has set its switch.
func TestAChannelIsAddedWhilePeopleSignIn(t *testing.T) {
	layer := filepath.Join(t.TempDir(), "data.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(layer, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("parameters:\n  code: {max_attempts: 9}\n")
	n := forBrowsers(t, "NIDAN_POLICIES_DATA="+layer)
	w, admin := newBrowser(t), account(t, administrator)
	w.signInTo(n, "/console/settings", admin)
	w.until(`!document.querySelector("#kiosk")`)
	n.expectWorth(consoleSession(t, n, account(t, nil)), "admin_console passed", "agent", "console")
	write("parameters:\n  channels:\n    kiosk: {name: {ja: キオスク, en: Kiosk}, return_to: [\"" + kiosk + "\"], order: 3}\n")
	n.eventually("the layer decides", n.has("/metrics", "nidan_policies_activations_total 2"))

	t.Run("it stands in the console, switched on", func(t *testing.T) {
		w.open("/console/settings")
		w.reads("#kiosk", "設定する")
		w.reads("main dl", "キオスク")
		w.open("/language/en?to=/console/settings")
		w.reads("main dl", "Kiosk")
		w.open("/language/ja?to=/console/settings")
	})
	t.Run("whoever goes there is asked for a code", func(t *testing.T) {
		n.t = t
		f := atKiosk(t, account(t, nil))
		if got := f.ending(`{}`); got != "code_sent" {
			t.Fatalf("got %s", got)
		}
		n.expectWorth(f.in(f.submitCode(n.newestCode())), "kiosk passed", "agent")
	})
	t.Run("its switch is set in the console, and no other", func(t *testing.T) {
		w.open("/console/settings/edit")
		w.choose("kiosk", "off")
		w.click("#settings-form button")
		w.reads("#changes", "キオスク: 設定する → 設定しない")
		w.ok()
		w.reads("#kiosk", "設定しない")
		w.reads("#admin_console", "設定する")
		w.reads("#softphone", "設定する")
	})
	t.Run("whoever goes there is not asked any more, and has not earned what others ask for", func(t *testing.T) {
		n.t = t
		f := atKiosk(t, admin)
		session := f.in(f.submit(`{}`))
		n.expectWorth(session, "kiosk not_asked")
		f.leads(t, session, "/console/settings", "/login?refresh=true")
		if got := newForm(t, admin).ending(`{}`); got != "code_sent" {
			t.Errorf("elsewhere: got %s", got)
		}
	})
	t.Run("the API has it, and a client from before goes on", func(t *testing.T) {
		n.t = t
		kioskIsLeftAlone(t, newAPI(t, n, consoleSession(t, n, account(t, administrator))))
	})
	t.Run("it stands in the records by its name", func(t *testing.T) {
		w.open("/console/records?kind=sign_in&account=" + admin)
		w.reads("#records", "キオスク")
	})
}

// leads checks that a page sends the browser to another address.
func (f *form) leads(t *testing.T, session http.Header, path, to string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = session
	answer, err := (&http.Client{CheckRedirect: f.client.CheckRedirect}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if got := answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(got, to) {
		t.Errorf("%s: got %d to %s", path, answer.StatusCode, got)
	}
}

func kioskIsLeftAlone(t *testing.T, a *api) {
	t.Helper()
	get := func() (string, map[string]any) {
		t.Helper()
		_, tag, now := a.call(t, "GET", "/settings", "/settings", "", nil)
		return tag, now
	}
	put := func(body string) int {
		t.Helper()
		tag, _ := get()
		status, _, _ := a.call(t, "PUT", "/settings", "/settings", body, http.Header{"If-Match": {tag}})
		return status
	}
	const before = `{"two_factor": true, "admin_console": true, "softphone": false, "remember": true, "remember_days": 9}`
	with := func(channels string) string { return strings.Replace(before, "{", `{"channels": `+channels+`, `, 1) }
	want := func(softphone, kiosk bool) {
		t.Helper()
		_, now := get()
		channels, _ := now["channels"].(map[string]any)
		if len(channels) != 3 || now["softphone"] != softphone || channels["softphone"] != softphone || channels["kiosk"] != kiosk || channels["admin_console"] != true {
			t.Errorf("got %v", now)
		}
	}
	want(true, false)
	if status := put(before); status != http.StatusOK {
		t.Errorf("a client from before: %d", status)
	}
	want(false, false)
	for name, channels := range map[string]string{
		"two that contradict each other": `{"softphone": true}`, "a channel that there is not": `{"kiosks": true}`, "one that is exempt": `{"mobile": true}`,
		"no switch": `{"kiosk": null}`, "no channels": `["kiosk"]`,
	} {
		if status := put(with(channels)); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, status)
		}
	}
	want(false, false)
	alone := `{"two_factor": true, "channels": {"softphone": true, "kiosk": true}, "remember": true, "remember_days": 9}`
	if status := put(alone); status != http.StatusOK {
		t.Errorf("a client of now: %d", status)
	}
	want(true, true)
}
