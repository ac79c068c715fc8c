package e2e

import (
	"path/filepath"
	"testing"

	"nidan/kratos"
)

// loosened changes the number of tries of a code, in a folder whose changes need approval, and waits until the new set waits for approval.
func (n *nidan) loosened(dir, from, to string) {
	n.t.Helper()
	edit(n.t, filepath.Join(dir, "data.json"), `"max_attempts": `+from, `"max_attempts": `+to)
	n.eventually("it waits", n.has("/metrics", "\nnidan_policies_waiting 1\n"))
}

// approves starts it again with the rule that policies which loosen something wait for approval. What decided until then decides: a first
// start with the rule would compare them with those that ship.
func (n *nidan) approves() {
	n.t.Helper()
	n.stop()
	n.env = append(n.env, "NIDAN_POLICIES_REQUIRE_LOOSENING=approve")
	n.start()
}

func TestPoliciesThatLoosenWaitForApproval(t *testing.T) {
	dir := ofOneChannel(t, `"max_attempts": 10`, `"max_attempts": 7`)
	n := forBrowsers(t, "NIDAN_POLICIES_DIR="+dir)
	n.approves()
	w := newBrowser(t)
	admin := account(t, administrator)
	w.signInTo(n, "/console/policies", admin)

	t.Run("are shown with what they loosen", func(t *testing.T) {
		w.t = t
		n.loosened(dir, "7", "8")
		w.open("/console/policies")
		w.reads(".waiting", "承認待ちのポリシー")
		w.reads(".waiting", dir)
		w.reads(".waiting .loosened", "code.max_attempts: 7 → 8")
		w.reads(".waiting .loosened", "challenge code_required")
		accessible(t, w)
		if !n.has("/readyz", "waits for approval since")() || !n.has("/metrics", "\nnidan_policies_activations_total 1\n")() {
			t.Error("the set decides, or nothing says that it waits")
		}
	})
	t.Run("stay out where they are rejected", func(t *testing.T) {
		w.t = t
		w.click(`.waiting button[value=rejected]`)
		w.until(`document.activeElement.matches("[role=alertdialog] .primary")`)
		w.reads("#changes", "却下")
		w.click("[role=alertdialog] .primary")
		w.reads("main", "却下しました")
		n.eventually("the rejection", n.has("/metrics", "\nnidan_policies_refused 1\n"))
		w.open("/console/policies")
		w.reads("main", admin+" has rejected it")
		if !n.has("/metrics", "\nnidan_policies_activations_total 1\n")() || !n.has("/metrics", "\nnidan_policies_waiting 0\n")() {
			t.Error("the rejected set decides, or still waits")
		}
	})
	t.Run("decide where they are approved, which counts once", func(t *testing.T) {
		w.t = t
		n.loosened(dir, "8", "9")
		w.open("/console/policies")
		late := w.private()
		late.t = t
		late.signInTo(n, "/console/policies", account(t, administrator))
		late.click(`.waiting button[value=rejected]`)
		late.until(`document.activeElement.matches("[role=alertdialog] .primary")`)
		w.click(`.waiting button[value=approved]`)
		w.until(`document.activeElement.matches("[role=alertdialog] .primary")`)
		w.click("[role=alertdialog] .primary")
		w.reads("main", "承認しました")
		n.eventually("the approved set", n.has("/metrics", "\nnidan_policies_activations_total 2\n"))
		late.click("[role=alertdialog] .primary")
		late.reads("[role=alert]", "変更はありません")
		w.open("/console/records?kind=policies_approved")
		w.reads("main", "ポリシーの承認")
		w.reads("main", admin)
		w.until(`document.querySelector("main").textContent.includes("code.max_attempts")`) // in the detail of the record
	})
	t.Run("are nothing for a supervisor", func(t *testing.T) {
		n.loosened(dir, "9", "10")
		other := w.private()
		other.t = t
		other.signInTo(n, "/console/me", account(t, func(a *kratos.Account) { a.Role = "supervisor" }))
		other.open("/console/policies")
		other.reads("main", "行う権限がありません")
	})
}

func TestTheAPIAnswersPoliciesThatWait(t *testing.T) {
	dir := ofOneChannel(t, `"max_attempts": 10`, `"max_attempts": 8`)
	n := started(t, "NIDAN_POLICIES_DIR="+dir)
	n.approves()
	a := newAPI(t, n, consoleSession(t, n, account(t, administrator)))
	waits := func() map[string]any {
		t.Helper()
		_, _, got := a.call(t, "GET", "/policies", "/policies", "", nil)
		if all := got["waiting"].([]any); len(all) == 1 {
			return all[0].(map[string]any)
		}
		return map[string]any{"revision": "", "differences": []any{}}
	}
	answer := func(w map[string]any, with string) int {
		t.Helper()
		status, _, _ := a.call(t, "POST", "/policies/answers", "/policies/answers",
			`{"revision": "`+w["revision"].(string)+`", "digest": "`+w["digest"].(string)+`", "answer": "`+with+`"}`, nil)
		return status
	}
	n.loosened(dir, "8", "9")
	first := waits()
	n.stop()
	n.start()
	if again := waits(); again["digest"] != first["digest"] || again["since"] != first["since"] || len(again["differences"].([]any)) == 0 {
		t.Errorf("after a start: %v", again)
	}
	edit(t, filepath.Join(dir, "data.json"), `"max_attempts": 9`, `"max_attempts": 10`)
	n.eventually("the other one", func() bool { revision := waits()["revision"]; return revision != "" && revision != first["revision"] })
	second := waits()
	if got := answer(first, "approved"); got != 409 {
		t.Errorf("one that was replaced: %d", got)
	}
	if got := answer(second, "maybe"); got != 422 {
		t.Errorf("no answer: %d", got)
	}
	if got := answer(second, "approved"); got != 204 {
		t.Errorf("got %d", got)
	}
	if got := answer(second, "rejected"); got != 409 {
		t.Errorf("a second answer: %d", got)
	}
	n.eventually("the approved set", n.has("/metrics", `nidan_policies_info{revision="`+second["revision"].(string)+`"} 1`))
}
