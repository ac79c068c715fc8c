package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"nidan/kratos"
)

// accountID returns Kratos' identity id of an account.
func accountID(t *testing.T, name string) string { t.Helper(); return identityOf(t, name).ID }

// flagOf returns an account's flag as Kratos has it: "true", "false", or "null" if there is no flag.
func flagOf(t *testing.T, name string) string {
	t.Helper()
	var metadata struct {
		TwoFactor struct {
			Enabled json.RawMessage
		} `json:"two_factor"`
	}
	if err := json.Unmarshal(identityOf(t, name).MetadataPublic, &metadata); err != nil {
		t.Fatal(err)
	}
	if metadata.TwoFactor.Enabled == nil {
		return "null"
	}
	return string(metadata.TwoFactor.Enabled)
}

// box returns the CSS selector of an account's check box.
func box(t *testing.T, name string) string {
	return fmt.Sprintf(`.switch-box[value="%s"]`, accountID(t, name))
}

func off(a *kratos.Account) { a.TwoFactor = false }

func TestTheAccounts(t *testing.T) {
	n := forBrowsers(t)
	prefix := fmt.Sprintf("list%d-", made.Add(1))
	named := func(name string, change func(*kratos.Account)) string {
		return account(t, func(a *kratos.Account) {
			a.Account = prefix + name
			if change != nil {
				change(a)
			}
		})
	}
	on, first, second := named("on", nil), named("off-1", off), named("off-2", off)
	nomail := named("nomail", func(a *kratos.Account) { a.Email, a.TwoFactor = "", false })
	boss := named("boss", func(a *kratos.Account) { a.Role = "owner" })
	w := newBrowser(t)
	w.signInTo(n, "/console/accounts", account(t, administrator))
	list := "/console/accounts?q=" + prefix

	t.Run("are found by how their names begin", func(t *testing.T) {
		w.t = t
		w.keys("\t") // anywhere
		w.run(`q.focus()`)
		w.keys(prefix + "off\r")
		w.until(`document.querySelectorAll("tbody tr").length === 2`)
		w.reads("tbody", first)
		w.reads("tbody", second)
	})
	t.Run("are found by name, role and state", func(t *testing.T) {
		w.t = t
		for query, want := range map[string]string{
			"?in=text&q=" + strings.ToUpper(prefix) + "OFF-1": first, "?role=owner&q=" + prefix: boss, "?in=text&role=owner&q=" + prefix: boss,
		} {
			w.open("/console/accounts" + query)
			w.until(`document.querySelectorAll("tbody tr").length === 1`)
			w.reads("tbody", want)
		}
		w.open(list + "&state=inactive")
		w.reads("tbody", "該当するアカウントはありません。")
	})
	t.Run("show their ID once it is chosen from the menu", func(t *testing.T) {
		w.t = t
		w.open(list)
		id := accountID(t, on)
		if strings.Contains(eval[string](w, `document.body.innerText`), id) {
			t.Error("the ID is shown at first")
		}
		w.click(".menu summary")
		w.click(".menu a")
		w.reads("tbody", id)
	})
	t.Run("have boxes only where they can be switched", func(t *testing.T) {
		w.t = t
		w.open(list)
		if eval[int](w, `document.querySelectorAll(".switch-box").length`) != 0 {
			t.Error("there are boxes before Edit")
		}
		w.click("#edit")
		w.until(`document.querySelectorAll(".switch-box").length === 5`)
		for name, want := range map[string]bool{on: true, first: true, second: true, nomail: false, boss: false} {
			if got := eval[bool](w, fmt.Sprintf(`!document.querySelector('%s').disabled`, box(t, name))); got != want {
				t.Errorf("%s can be switched: %v, want %v", name, got, want)
			}
		}
		w.reads("tbody", "メールアドレスが登録されていません")
		w.reads("tbody", "上位のロールのアカウントです")
	})
	t.Run("are left alone by Cancel", func(t *testing.T) {
		w.t = t
		w.click(box(t, first))
		w.click(".tools .primary")
		w.reads("#changes", first+" 2段階認証: 設定しない → 設定する")
		w.click("form a.button")
		w.at("/console/accounts")
		if flagOf(t, first) != "false" {
			t.Error("it was switched")
		}
	})
	t.Run("are all checked at once, and saved", func(t *testing.T) {
		w.t = t
		w.open(list + "&edit=1")
		w.click("#check-all")
		w.click(".tools .primary")
		w.ok()
		w.at("/console/accounts?done=saved")
		for name, want := range map[string]string{on: "true", first: "true", second: "true", nomail: "false", boss: "true"} {
			if got := flagOf(t, name); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
	})
	t.Run("of those that fail it is said which and why, and the others are done", func(t *testing.T) {
		w.t = t
		w.open(list + "&edit=1")
		for _, name := range []string{on, first, second} {
			w.click(box(t, name))
		}
		w.click(".tools .primary")
		w.reads("h1", "保存しますか?")
		w.until(`document.activeElement.matches("[role=alertdialog] .primary")`)
		changed(t, first, `[{"op": "replace", "path": "/metadata_public/two_factor/enabled", "value": false}]`)
		w.keys("\r")
		w.reads("[role=alert]", "1件を変更できませんでした。2件は変更しました。")
		w.reads("main", first+": 他の管理者が変更しました。")
		for _, name := range []string{on, second} {
			if flagOf(t, name) != "false" {
				t.Errorf("%s was not switched", name)
			}
		}
	})
	t.Run("that never had a flag get one, and keep all else", func(t *testing.T) {
		w.t = t
		for _, without := range []string{
			`[{"op": "add", "path": "/metadata_public", "value": null}]`,
			`[{"op": "add", "path": "/metadata_public", "value": {"role": "user", "plan": "business"}}]`,
			`[{"op": "add", "path": "/metadata_public", "value": {"two_factor": {}}}]`,
		} {
			changed(t, second, without)
			w.open(list + "&edit=1")
			w.click(box(t, second))
			w.click(".tools .primary")
			w.ok()
			w.at("/console/accounts?done=saved")
			if got := flagOf(t, second); got != "true" {
				t.Errorf("after %s it is %s", without, got)
			}
			if kept := string(identityOf(t, second).MetadataPublic); strings.Contains(without, "plan") && !strings.Contains(kept, `"plan":"business"`) {
				t.Errorf("after %s: %s", without, kept)
			}
		}
	})
}

func TestTheAccountsWithoutJavaScript(t *testing.T) {
	n := forBrowsers(t)
	who, other := account(t, administrator), account(t, off)
	w := newBrowser(t)
	w.signInTo(n, "/console/accounts?edit=1&q="+other, who)
	target := box(t, other)
	w.withoutJavaScript()
	w.open("/console/accounts?edit=1&q=" + other)
	w.click(target)
	w.click(".tools .primary")
	w.click("[role=alertdialog] .primary")
	n.eventually("the account is switched", func() bool { return flagOf(t, other) == "true" })
}

func TestAnAccount(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	admin, name := account(t, administrator), account(t, nil)
	id := accountID(t, name)
	page := "/console/accounts/" + id

	s := newSignIn(t, name)
	token := s.expect("code_sent", 1990001, nil).UI.Messages[0].Context.Challenge.DeviceToken
	s.expectIn(map[string]any{"code": n.newestCode(), "remember": true})
	remembered := map[string]any{"device_token": token}
	newSignIn(t, name).expectIn(remembered)

	w.signInTo(n, page, admin)
	t.Run("shows its facts, its device and its records", func(t *testing.T) {
		w.t = t
		for _, text := range []string{id, name, name + "@example.com", "ユーザー", "ソフトフォン", "127.0.0.1", "認証コード一致", "code_required", "device_remembered"} {
			w.reads("main", text)
		}
	})
	t.Run("has its device forgotten", func(t *testing.T) {
		w.t = t
		w.click("section table form button")
		w.ok()
		w.at(page + "?done=device_forgotten")
		w.reads("main", "保持している端末はありません。")
		n.sql("UPDATE challenges SET issued_at = 0, resend_at = 0")
		newSignIn(t, name).expect("code_sent", 1990001, remembered)
	})
	t.Run("has its wrong codes cleared", func(t *testing.T) {
		w.t = t
		n.triedBy(id, 100)
		newSignIn(t, name).expect("refused", 4990007, nil)
		w.open(page)
		w.reads("#wrong_codes", "100")
		w.click("#clear")
		w.ok()
		w.at(page + "?done=wrong_codes_cleared")
		n.sql("UPDATE challenges SET issued_at = 0, resend_at = 0")
		newSignIn(t, name).expect("code_sent", 1990001, nil)
	})
	t.Run("is switched off, which forgets its devices", func(t *testing.T) {
		w.t = t
		n.device(id, 1)
		w.open(page)
		w.click("#edit")
		w.choose("two_factor", "off")
		w.click("#two_step button")
		w.ok()
		w.at(page + "?done=saved")
		w.reads("#two_step", "無効")
		w.reads("main", "保持している端末はありません。")
		if got := flagOf(t, name); got != "false" {
			t.Errorf("Kratos has %s", got)
		}
		newSignIn(t, name).expectIn(nil)
	})
	t.Run("cannot be switched before the feature is set up", func(t *testing.T) {
		w.t = t
		n.set("admin_console")
		defer n.set("two_factor", "admin_console", "softphone", "remember")
		w.open(page)
		w.reads("h1", name)
		if eval[bool](w, `document.getElementById("two_step") !== null`) {
			t.Error("its switch is shown")
		}
	})
	t.Run("that is not there is said not to be", func(t *testing.T) {
		w.t = t
		for _, nobody := range []string{"nobody", "00000000-0000-0000-0000-000000000000", "..%2F..%2Fsessions"} {
			w.open("/console/accounts/" + nobody)
			w.reads("h1", "見つかりませんでした")
		}
	})
}

func TestMyAccount(t *testing.T) {
	n := forBrowsers(t)
	t.Run("an administrator switches its own", func(t *testing.T) {
		n.t = t
		w := newBrowser(t)
		who := account(t, administrator)
		w.signInTo(n, "/console/me", who)
		w.click("#edit")
		w.choose("two_factor", "off")
		w.click("#two_step button")
		w.ok()
		w.at("/console/me?done=saved")
		if got := flagOf(t, who); got != "false" {
			t.Errorf("Kratos has %s", got)
		}
	})
	t.Run("anybody forgets their own devices, and switches nothing", func(t *testing.T) {
		n.t = t
		w := newBrowser(t)
		who := account(t, nil)
		w.signInRemembered(n, "/console/me", who)
		w.reads("main", "Chrome")
		if eval[bool](w, `document.getElementById("edit") !== null`) {
			t.Error("there is a switch")
		}
		w.click("#forget-all")
		w.ok()
		w.at("/console/me?done=devices_forgotten")
		w.reads("main", "保持している端末はありません。")
	})
}

// breakable returns the address of Kratos' admin API behind a proxy. The proxy can make all changes fail.
func breakable(t *testing.T) (adminURL string, broken *atomic.Bool) {
	t.Helper()
	to, err := url.Parse(kratosAdminURL)
	if err != nil {
		t.Fatal(err)
	}
	broken = &atomic.Bool{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() && r.Method == http.MethodPatch {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, broken
}

func TestWhatKratosDoesNotTakeIsNotHalfDone(t *testing.T) {
	adminURL, broken := breakable(t)
	n := forBrowsers(t, "NIDAN_KRATOS_ADMIN_URL="+adminURL)
	w := newBrowser(t)
	name := account(t, nil)
	id := accountID(t, name)
	n.device(id, 1)
	w.signInTo(n, "/console/accounts/"+id+"?edit=1", account(t, administrator))
	w.choose("two_factor", "off")
	w.click("#two_step button")
	w.reads("h1", "保存しますか?")
	w.until(`document.activeElement.matches("[role=alertdialog] .primary")`)
	broken.Store(true)
	w.keys("\r")
	w.reads("h1", "現在表示または変更できません")
	if got := flagOf(t, name); got != "true" {
		t.Errorf("the flag is %s", got)
	}
	w.open("/console/accounts/" + id)
	w.reads("main", "192.0.2.1") // its device is still remembered
	w.reads("main", "失敗")        // and the record says that the change failed
}
