package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"nidan/kratos"
)

// TestTheDifferencePage compares sets that have decided. The variable PICTURES names a folder for pictures of the page, for people to look at.
func TestTheDifferencePage(t *testing.T) {
	dir := ofOneChannel(t)
	n := forBrowsers(t, "NIDAN_POLICIES_DIR="+dir)
	who := account(t, administrator)
	w := newBrowser(t)
	w.signInTo(n, "/console/policies", who)

	t.Run("has nothing to compare the first set with", func(t *testing.T) {
		w.t = t
		w.click("#compare")
		w.at("/console/policies/difference")
		w.reads("main", "これまでに有効になったポリシーは1つだけです。")
		accessible(t, w)
	})
	n.eventually("the first set", n.has("/metrics", "nidan_policies_activations_total 1"))
	changed := ofOneChannel(t, `"max_attempts": 10`, `"max_attempts": 3`, `"always_asked_roles": []`, `"always_asked_roles": ["owner"]`)
	if err := os.Rename(filepath.Join(changed, "data.json"), filepath.Join(dir, "data.json")); err != nil {
		t.Fatal(err)
	}
	n.eventually("the second set", n.has("/metrics", "nidan_policies_activations_total 2"))

	t.Run("shows what the last set changed, when that has been worked out", func(t *testing.T) {
		w.t = t
		w.withoutJavaScript() // the page also reloads without a script
		w.open("/console/policies/difference")
		w.compared()
		call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
		w.reads("#difference", "緩くなる")
		w.reads("#difference", "許可 → 認証コードを求める")
		w.reads("#difference", "account.role = owner")
		w.reads("#difference", "code.max_attempts: 10 → 3")
		w.reads("#difference", "parameters.code.max_attempts")
		w.reads("#difference", "あり得るすべての入力について証明されています")
		w.reads("#difference", "成り立たないもの: 0件")
		accessible(t, w)
		pictures(t, w, "difference")
	})
	t.Run("compares any two, chosen by keyboard", func(t *testing.T) {
		w.t = t
		w.run(`document.getElementById("from").focus()`)
		w.keys(kb.ArrowUp + "\t" + kb.ArrowDown + "\t\r")
		w.until(`location.search.includes("from=")`)
		w.compared()
		w.reads("#difference", "認証コードを求める → 許可")
		accessible(t, w)
		w.open("/language/en?to=/console/policies/difference")
		w.compared()
		w.reads("#difference", "Let in → Ask for a code")
		w.reads("main", "Proven for every possible input")
		pictures(t, w, "difference-en")
		w.open("/console/policies")
		pictures(t, w, "policies-en")
		w.open("/language/ja?to=/console/policies")
		w.reads("#decision-table", "settings.remember_days以上")
		pictures(t, w, "policies")
	})
	t.Run("knows no set that never decided", func(t *testing.T) {
		w.t = t
		w.open("/console/policies/difference?from=0123456789abcdef")
		w.reads("main", "見つかりませんでした")
	})
	t.Run("is nothing for a supervisor", func(t *testing.T) {
		other := w.private()
		other.t = t
		other.signInTo(n, "/console/me", account(t, func(a *kratos.Account) { a.Role = "supervisor" }))
		other.open("/console/policies/difference")
		other.reads("main", "行う権限がありません")
	})
}

// ofOneChannel is changedPolicies with one channel, the console's. To compare two sets, Nidan walks all inputs that the policies can tell
// apart, and the six other channels make this four times as long. The tests in the policies' folder need these channels, so they are left
// out.
func ofOneChannel(t *testing.T, changes ...string) string {
	t.Helper()
	dir := changedPolicies(t, changes...)
	file := filepath.Join(dir, "data.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var data struct {
		Parameters map[string]any `json:"parameters"`
	}
	if err := json.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	all := data.Parameters["channels"].(map[string]any)
	data.Parameters["channels"] = map[string]any{"admin_console": all["admin_console"]}
	data.Parameters["plans_without_agent"] = []string{} // these plans belong to the softphone
	if text, err = json.MarshalIndent(data, "", "    "); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	tests, err := filepath.Glob(filepath.Join(dir, "*", "*_test.rego"))
	if err != nil || len(tests) == 0 {
		t.Fatalf("the policies have no tests: %v", err)
	}
	for _, test := range tests {
		if err := os.Remove(test); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// compared waits until the page shows the comparison. The page reloads by itself.
func (w *window) compared() {
	w.t.Helper()
	for end := time.Now().Add(6 * patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if there, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`Boolean(document.getElementById("difference"))`)); err == nil && there {
			return
		}
	}
	w.t.Fatalf("no comparison is shown\n%s", w.look())
}

// pictures takes pictures of a page, narrow and wide, if PICTURES names a folder. It always checks that the page is not wider than its window.
func pictures(t *testing.T, w *window, name string) {
	t.Helper()
	for _, width := range []int64{320, 1440} {
		w.do(chromedp.EmulateViewport(width, 900))
		if eval[bool](w, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("%s: the page is wider than a window of %d pixels", name, width)
		}
		dir := os.Getenv("PICTURES")
		if dir == "" {
			continue
		}
		picture, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		size := map[int64]string{320: "narrow", 1440: "wide"}[width]
		if err := os.WriteFile(filepath.Join(dir, name+"-"+size+".png"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
