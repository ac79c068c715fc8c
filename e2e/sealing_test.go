package e2e

import "testing"

func TestTheConsoleTellsAdministratorsThatRecordsAreNotSealed(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInTo(n, "/console", account(t, administrator))
	if eval[bool](w, `Boolean(document.getElementById("not_sealed"))`) {
		t.Error("there is no trouble yet")
	}
	other := w.private()
	other.signInTo(n, "/console/me", account(t, nil))
	n.sql(`ALTER TABLE journal_checkpoints RENAME TO journal_checkpoints_away`)
	newSignIn(t, account(t, off)).expectIn(nil)
	n.eventually("the metrics tell", n.has("/metrics", "nidan_sealing_trouble 1"))
	n.eventually("it stays ready, and says what is wrong", n.has("/readyz", "records: not sealed since "))
	newSignIn(t, account(t, off)).expectIn(nil) // people get in all the same

	w.open("/console")
	w.reads("#not_sealed[role=status]", "から、記録の封印ができていません")
	accessible(t, w)
	w.open("/language/en?to=/console")
	w.reads("#not_sealed", "Nidan cannot seal the records")
	other.open("/console/me")
	other.at("/console/me")
	if eval[bool](other, `Boolean(document.getElementById("not_sealed"))`) {
		t.Error("somebody reads it who cannot do anything about it")
	}

	n.sql(`ALTER TABLE journal_checkpoints_away RENAME TO journal_checkpoints`)
	n.eventually("the trouble is over", n.has("/metrics", "nidan_sealing_trouble 0"))
	w.open("/console")
	w.at("/console")
	if eval[bool](w, `Boolean(document.getElementById("not_sealed"))`) {
		t.Error("a trouble that is over is shown")
	}
}
