package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"nidan/kratos"
)

func TestThePoliciesPage(t *testing.T) {
	dir := changedPolicies(t)
	shadow := changedPolicies(t, `"always_asked_roles": []`, `"always_asked_roles": ["user"]`)
	n := forBrowsers(t, "NIDAN_POLICIES_DIR="+dir, "NIDAN_POLICIES_SHADOW_DIR="+shadow)
	w := newBrowser(t)
	w.signInTo(n, "/console/policies", account(t, administrator))

	t.Run("shows what decides", func(t *testing.T) {
		w.t = t
		w.reads("main", "フォルダー")
		w.reads("main", dir)
		w.reads("main", "網羅率 100.0 %")
		w.reads("main", "不合格となったポリシーはありません。")
		w.reads("#decision-table", "challenge code_required")
		w.reads("#decision-table", "account.locked = true")
		w.reads("#decision-table", "その他すべて")
		w.click(`.file:has(summary code)`)
		if !eval[bool](w, `document.querySelector("main").textContent.includes("package nidan.login")`) {
			t.Error("the files are not there to be read")
		}
	})
	t.Run("shows what a shadow would do otherwise", func(t *testing.T) {
		w.t = t
		n.eventually("the shadow", n.has("/metrics", "nidan_shadow_policies_activations_total 1"))
		who := account(t, off)
		newForm(t, who).submit(`{}`)
		n.eventually("the comparison", func() bool {
			w.open("/console/policies")
			return eval[bool](w, `document.querySelector("main").textContent.includes("`+who+`")`)
		})
		accessible(t, w)
	})
	t.Run("and the overview shows when", func(t *testing.T) {
		w.t = t
		w.open("/console?period=day")
		w.reads("#by_shadow .legend", "その他の結果に変わるもの 1")
		if got := eval[string](w, `[...document.querySelectorAll("#by_shadow .bars a:has(.part)")].map(a => a.getAttribute("href")).join(" ")`); got != "/console/policies#shadow" {
			t.Errorf("the bars lead to %q", got)
		}
		if got := eval[string](w, `[...document.querySelectorAll("#by_shadow td a")].map(a => a.textContent + " " + a.getAttribute("href")).join(", ")`); got !=
			"1 /console/policies#shadow, 1 /console/policies#shadow" {
			t.Errorf("the table has %q", got)
		}
		accessible(t, w)
		w.fits()
		w.open("/language/en?to=/console")
		w.reads("#by_shadow h3", "What the policies on trial would have decided differently")
		w.open("/language/ja?to=/console/policies")
		w.at("/console/policies")
	})
	t.Run("shows why a set was refused", func(t *testing.T) {
		w.t = t
		edit(t, filepath.Join(dir, "asked", "asked.rego"), "input.account.has_email", "input.account.letterbox")
		n.eventually("the refusal", n.has("/metrics", "\nnidan_policies_refused 1\n"))
		w.open("/console/policies")
		w.reads(".message.error", "不合格")
		w.reads("main", "undefined ref: input.account.letterbox")
		accessible(t, w)
	})
	t.Run("is nothing for a supervisor", func(t *testing.T) {
		other := w.private()
		other.t = t
		other.signInTo(n, "/console/me", account(t, func(a *kratos.Account) { a.Role = "supervisor" }))
		other.open("/console/policies")
		other.reads("main", "行う権限がありません")
	})
}

func TestTheAPIShowsThePolicies(t *testing.T) {
	dir := changedPolicies(t)
	shadow := changedPolicies(t, `"always_asked_roles": []`, `"always_asked_roles": ["user"]`)
	n := started(t, "NIDAN_POLICIES_DIR="+dir, "NIDAN_POLICIES_SHADOW_DIR="+shadow)
	n.eventually("the shadow", n.has("/metrics", "nidan_shadow_policies_activations_total 1"))
	newSignIn(t, account(t, off)).expectIn(nil)
	a := newAPI(t, n, consoleSession(t, n, account(t, administrator)))
	compared := func() bool {
		_, _, got := a.call(t, "GET", "/policies", "/policies", "", nil)
		summary := got["shadow"].(map[string]any)["summary"].(map[string]any)
		if summary["changed"] != 1.0 {
			return false
		}
		example := summary["changes"].([]any)[0].(map[string]any)["examples"].([]any)[0].(map[string]any)
		if id, _ := example["record"].(float64); id == 0 {
			t.Errorf("the example does not name its record: %v", example)
		}
		return true
	}
	n.eventually("the comparison", compared)
	n.stop()
	n.start()
	n.eventually("the comparison, after a restart", compared)
	edit(t, filepath.Join(dir, "asked", "asked.rego"), "input.account.has_email", "input.account.letterbox")
	n.eventually("the refusal", n.has("/metrics", "\nnidan_policies_refused 1\n"))
	_, _, got := a.call(t, "GET", "/policies", "/policies", "", nil)
	active, refused := got["active"].(map[string]any), got["refused"].(map[string]any)
	if active["coverage"] != 100.0 || len(active["files"].([]any)) < 10 || refused["current"] != true ||
		!strings.Contains(refused["reason"].(string), "letterbox") {
		t.Errorf("got %v, %v", active["revision"], refused)
	}
}
