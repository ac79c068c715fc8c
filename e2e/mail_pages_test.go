package e2e

import (
	"testing"

	"nidan/kratos"
)

// mailAway takes the mail server away, and makes a sign-in notice it.
func (n *nidan) mailAway(account string) *signIn {
	n.t.Helper()
	n.mailbox.Close()
	s := newSignIn(n.t, account)
	s.expect("code_sent", 1990001, nil)
	n.eventually("each Nidan has met it", n.has("/readyz", ": unreachable\n"))
	return s
}

func TestTheConsoleTellsAdministratorsOfMailInTrouble(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInTo(n, "/console/settings", account(t, administrator))
	if eval[bool](w, `Boolean(document.getElementById("mail_trouble"))`) {
		t.Error("there is no trouble yet")
	}
	other := w.private()
	other.signInTo(n, "/console/me", account(t, nil))
	waits := n.mailAway(account(t, nil))

	for _, path := range []string{
		"/console/settings", "/console/settings/edit", "/console/accounts", "/console/records", "/console/policies", "/console/me",
	} {
		w.open(path)
		w.at(path)
		w.reads("#mail_trouble[role=status]", "メールサーバーが応答していません")
		w.reads("#mail_trouble", "認証コードが必要なユーザーはログインできません")
		accessible(t, w)
	}
	w.open("/language/en?to=/console/settings")
	w.reads("#mail_trouble", "the mail server does not answer")
	w.reads("#mail_trouble code", "connection refused")
	other.open("/console/me")
	other.at("/console/me")
	if eval[bool](other, `Boolean(document.getElementById("mail_trouble"))`) {
		t.Error("somebody reads it who cannot do anything about it")
	}

	n.openMailbox()
	waits.expectIn(code(n.newestCode()))
	n.eventually("the trouble is over for each", func() bool { return n.has("/metrics", `nidan_mail_trouble{reason="unreachable"} 0`)() })
	w.open("/console/settings")
	w.at("/console/settings")
	if eval[bool](w, `Boolean(document.getElementById("mail_trouble"))`) {
		t.Error("a trouble that is over is shown")
	}
}

func TestTheSignInPageSaysThatAMailWaits(t *testing.T) {
	n := forBrowsers(t)
	n.mailAway(account(t, nil))
	w := newBrowser(t)
	who := account(t, nil)
	w.signIn(who)
	w.asked()
	w.says("まだ送信できていません")
	w.reads("#sent", "認証コードの宛先: t***@example.com。有効時間")
	accessible(t, w)
	n.openMailbox()
	w.focusCode()
	w.keys(n.codeOf(who) + "\r")
	w.in(who)
}

func TestTheSignInPageSaysThatAMailHasFailed(t *testing.T) {
	p := newPostfix(t)
	p.up()
	n := behindPostfix(t, p, "NIDAN_PUBLIC_LISTEN="+pagesAddress, "NIDAN_PUBLIC_URL="+origin)
	w := newBrowser(t)
	w.signIn(account(t, func(a *kratos.Account) { a.Email = "nobody@example.com" }))
	w.asked()
	n.outcome()
	w.focusCode()
	w.keys("123456\r")
	w.says("認証コードのメールを送信できませんでした。認証コードを再送信してください。")
	w.reads("#sent", "n***@example.com。送信されていません。")
	accessible(t, w)
	w.until(`document.querySelector("#resend").ariaDisabled === "false"`) // the page rounds the wait up to a second
	w.click("#resend")
	w.says("新しい認証コードを送信しました")
}
