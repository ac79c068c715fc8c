package e2e

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nidan/kratos"
)

func TestTheRecords(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	admin, name := account(t, administrator), account(t, nil)
	s := newSignIn(t, name)
	s.expect("code_sent", 1990001, nil)
	right := n.newestCode()
	s.expect("code_mismatch", 4990001, code(wrong(right)))
	s.expectIn(code(right))
	w.signInTo(n, "/console/records", admin)

	t.Run("say who, what and why", func(t *testing.T) {
		w.t = t
		w.run(`document.querySelectorAll("details").forEach(d => { d.open = true })`)
		for _, text := range []string{name, admin, "認証コード送信", "認証コード不一致", "認証コード一致", "メール送信", "code_required", "ポリシーの版"} {
			w.reads("#records", text)
		}
		w.reads("pre", `"decision"`)
	})
	t.Run("are found by account, by its ID, by what happened, where and why, and by time", func(t *testing.T) {
		w.t = t
		for query, want := range map[string]int{
			"?account=" + name:                                  1,
			"?account=" + name + "&kind=sign_in":                1, // its three answers are one sign-in
			"?account=" + accountID(t, name) + "&kind=sign_in":  1,
			"?account=" + name + "&outcome=with_code":           1,
			"?account=" + name + "&outcome=unfinished":          0,
			"?account=" + name + "&outcome=state.code_mismatch": 1,
			"?account=" + name + "&channel=softphone":           1,
			"?account=" + name + "&channel=admin_console":       0,
			"?channel=admin_console&outcome=with_code":          1,
			"?account=" + name + "&reason=code_required":        1,
			"?account=" + name + "&reason=account_off":          0,
			"?account=" + name + "&kind=mail_sent":              1,
			"?account=" + name + "&from=2999-01-01T00:00":       0,
			"?account=" + name + "&to=2001-01-01T00:00":         0,
		} {
			w.open("/console/records" + query)
			w.reads("h1", "記録")
			if got := eval[int](w, `document.querySelectorAll("details.entry").length`); got != want {
				t.Errorf("%s: %d records, want %d", query, got, want)
			}
		}
	})
	t.Run("go on from page to page", func(t *testing.T) {
		w.t = t
		for range 2 {
			n.sql(`WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100)
				INSERT INTO records (at, kind, account_id, account_name, flow_id, challenge_id, state, reason, revision)
				SELECT i, 'sign_in', 'many', 'many', '', '', 'allowed', '', '' FROM c`)
		}
		w.open("/console/records?account=many")
		for page := 1; page <= 2; page++ {
			w.until(`document.querySelectorAll("details.entry").length === 100`)
			if more := eval[bool](w, `document.getElementById("next") !== null`); more != (page == 1) {
				t.Errorf("page %d leads on: %v", page, more)
			}
			if page == 1 {
				w.click("#next")
				w.until(`location.search.includes("before=")`)
			}
		}
	})
	t.Run("are exported as JSON Lines, all of them", func(t *testing.T) {
		session := w.cookies()["ory_kratos_session"]
		header := http.Header{"Cookie": {session.Name + "=" + session.Value}}
		for query, want := range map[string]int{"?account=many": 200, "?account=" + name + "&kind=sign_in": 3, "?account=nobody": 0} {
			answer := n.get("/console/records/export"+query, header)
			if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || kind != "application/x-ndjson" {
				t.Errorf("%s: %d %s", query, answer.StatusCode, kind)
			}
			lines := 0
			for scan := bufio.NewScanner(answer.Body); scan.Scan(); lines++ {
				var r struct{ Kind, State string }
				if err := json.Unmarshal(scan.Bytes(), &r); err != nil || r.Kind != "sign_in" {
					t.Fatalf("%s: %v: %s", query, err, scan.Text())
				}
			}
			if lines != want {
				t.Errorf("%s: %d lines, want %d", query, lines, want)
			}
		}
	})
}

func TestTheRecordsAreExportedAsCSV(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	name := account(t, off)
	newSignIn(t, name).expectIn(nil)
	w.signInTo(n, "/console/records?account="+name, account(t, administrator))
	link := eval[string](w, `document.getElementById("export-csv").getAttribute("href")`)
	session := w.cookies()["ory_kratos_session"]
	answer := n.get(link, http.Header{"Cookie": {session.Name + "=" + session.Value}})
	rows, err := csv.NewReader(answer.Body).ReadAll()
	if err != nil || len(rows) != 2 || answer.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("got %v, %v, %s", rows, err, answer.Header)
	}
	for column, want := range map[string]string{"account": name, "result": "without_code", "reason": "account_off", "channel": "softphone"} {
		if got := rows[1][slices.Index(rows[0], column)]; got != want {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
}

func TestEveryChangeIsOnRecordWithWhoMadeIt(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	admin, name := account(t, administrator), account(t, off)
	w.signInTo(n, "/console/settings/edit", admin)
	w.run(`remember_days.value = "9"`)
	w.click("#settings-form button")
	w.ok()
	w.at("/console/settings?done=saved")
	w.open("/console/accounts/" + accountID(t, name) + "?edit=1")
	w.choose("two_factor", "on")
	w.click("#two_step button")
	w.ok()
	w.until(`location.search === "?done=saved"`)
	session := w.cookies()["ory_kratos_session"]
	for kind, want := range map[string]string{"settings_changed": `"remember_days":9`, "account_switched": `"from":false,"to":true`} {
		answer := n.get("/console/records/export?kind="+kind, http.Header{"Cookie": {session.Name + "=" + session.Value}})
		scan := bufio.NewScanner(answer.Body)
		scan.Scan()
		if line := scan.Text(); !strings.Contains(line, want) || !strings.Contains(line, `"by":"`+admin+`"`) || !strings.Contains(line, `"state":"changed"`) {
			t.Errorf("%s: %s", kind, line)
		}
	}
}

// Account holders can choose their names and addresses (through the person who makes the account), and everything that their clients send.
func TestNothingAnAccountHolderTypesRuns(t *testing.T) {
	const hostile = `"><script>window.hacked = true</script><img src=x onerror="window.hacked = true">'` + "\u2028{{.}}"
	n := forBrowsers(t)
	w := newBrowser(t)
	name := account(t, func(a *kratos.Account) { a.Account, a.Name = "x"+hostile+a.Account, hostile })
	s := newSignIn(t, name)
	s.header = http.Header{"User-Agent": {"softphone " + hostile}}
	s.expect("code_sent", 1990001, map[string]any{"client": map[string]any{"name": hostile, "version": "3.5.0"}})
	s.expectIn(map[string]any{"code": n.newestCode(), "remember": true})
	w.signInTo(n, "/console/accounts?in=text&q=softphone", account(t, administrator))
	id := accountID(t, name)
	for _, page := range []string{
		"/console/accounts?in=text&id=1&edit=1&q=%22%3E%3Cscript", "/console/accounts/" + id, "/console/records",
		`/console/records?account=%22%3E%3Cscript%3Ewindow.hacked=true%3C/script%3E`, `/console/accounts?q=%22%3E%3Cscript%3Ewindow.hacked=true%3C/script%3E`,
	} {
		w.open(page)
		w.until(`document.readyState === "complete" && document.querySelector("h1")`)
		if eval[bool](w, `window.hacked === true || document.querySelector("main img, main script") !== null`) {
			t.Errorf("%s: the script ran", page)
		}
		if strings.HasPrefix(page, "/console/accounts/") {
			w.reads("main", `softphone "><script>`)
		}
	}
	session := w.cookies()["ory_kratos_session"]
	answer := n.get("/console/records/export", http.Header{"Cookie": {session.Name + "=" + session.Value}})
	found := false
	for scan := bufio.NewScanner(answer.Body); scan.Scan(); {
		var r struct{ Account string }
		if err := json.Unmarshal(scan.Bytes(), &r); err != nil {
			t.Fatalf("%v: %s", err, scan.Text())
		}
		found = found || r.Account == name
	}
	if !found {
		t.Error("the export does not have the account")
	}
}
