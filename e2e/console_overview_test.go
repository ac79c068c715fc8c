package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func TestTheOverview(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	admin := account(t, administrator)
	w.signInTo(n, "/console", admin)

	t.Run("shows a sign-in by its result, with what was asked and why", func(t *testing.T) {
		w.t = t
		name := account(t, nil)
		s := newSignIn(t, name)
		s.expect("code_sent", 1990001, nil)
		right := n.newestCode()
		s.expect("code_mismatch", 4990001, code(wrong(right)))
		s.expectIn(code(right))
		newSignIn(t, account(t, off)).expectIn(nil)
		w.open("/console?period=day")
		reads := func(selector, text string) {
			w.until(fmt.Sprintf(`document.querySelector(%q)?.textContent.replace(/\s+/g, " ").includes(%q)`, selector, text))
		}
		reads("#tiles", "すべてのログイン 3")
		reads("#by_result .legend", "認証コードで許可 2")
		reads("#by_result .legend", "認証コードなしで許可 1")
		reads("#by_channel .legend", "ソフトフォン 2")
		reads("section[aria-labelledby=why]", "アカウントの2段階認証が無効 account_off")
		reads("main", "認証コードの誤り 1")
	})
	t.Run("has a link for each mark of a change that the keyboard reaches", func(t *testing.T) {
		w.t = t
		n.manyChanges(time.Now())
		w.open("/console?period=day")
		w.until(`document.querySelectorAll("#by_result svg a[tabindex='-1'][href*='kind.settings_changed']").length > 8`)
		w.run(`document.querySelector("#other-changes").open = true`)
		lacking := eval[[]string](w, `[...document.querySelectorAll("#by_result svg a[tabindex='-1'][href*='changed']")].map(a => a.getAttribute("href"))
			.filter(href => ![...document.querySelectorAll("#changes-list a, #other-changes a")].some(a => a.getAttribute("href") === href))`)
		if len(lacking) > 0 {
			t.Errorf("%d marks have no other link, such as %s", len(lacking), lacking[0])
		}
	})
	t.Run("leads from each number to as many records", func(t *testing.T) {
		w.t = t
		n.monthOfSignIns(time.Now())
		w.open("/console?period=week")
		w.until(`document.querySelectorAll("#by_result .part").length > 20`)
		links := eval[[]struct {
			Href  string
			Count int
		}](w, `[...document.querySelectorAll("#by_channel .numbers td a, #by_result .numbers td a")]
			.map(a => ({href: a.getAttribute("href"), count: Number(a.textContent)})).filter(a => a.count < 100)`)
		if len(links) < 20 {
			t.Fatalf("there are %d links", len(links))
		}
		for i := 0; i < len(links); i += max(1, len(links)/12) {
			w.open(links[i].Href)
			w.until(`document.getElementById("records")`)
			if got := eval[int](w, `document.querySelectorAll("details.entry").length`); got != links[i].Count {
				t.Errorf("%s: %d rows, want %d", links[i].Href, got, links[i].Count)
			}
		}
	})
	t.Run("is not for those whom the policies do not let see it", func(t *testing.T) {
		other := w.private()
		other.t = t
		other.signIn(account(t, nil))
		other.asked()
		other.keys(n.newestCode() + "\r")
		other.until(`location.pathname === "/"`)
		other.open("/console")
		other.at("/console/me")
	})
}

func TestTheOverviewAndTheRecordsAreAccessible(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInRemembered(n, "/console/me", account(t, administrator))
	w.open("/console/records?outcome=refused")
	w.reads("#records", "該当する記録はありません")
	n.monthOfSignIns(time.Now())
	for _, locale := range []string{"ja", "en"} {
		w.open("/language/" + locale + "?to=/console/me")
		w.at("/console/me")
		for _, scheme := range []string{"light", "dark"} {
			call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			for _, page := range []string{
				"/console", "/console/records?outcome=unfinished&reason=code_required", "/console/records?from=yesterday",
				"/console/records?account=nobody", "/console/records?flow=flow-100",
			} {
				t.Run(fmt.Sprint(locale, " ", scheme, page), func(t *testing.T) {
					w.t = t
					w.open(page)
					w.until(`document.querySelector("h1") && document.readyState === "complete"`)
					w.run(`document.querySelectorAll("details").forEach((d, i) => { d.open = i < 6 })`)
					for _, width := range []int64{320, 1440} {
						w.do(chromedp.EmulateViewport(width, 900))
						accessible(t, w)
						if got := eval[int](w, `document.documentElement.scrollWidth`); int64(got) > width {
							t.Errorf("it has to be scrolled sideways: %d pixels of %d (WCAG 2.2, 1.4.10)", got, width)
						}
					}
				})
			}
		}
	}
}

func TestAFilterThatCannotBeReadIsKeptAndExplained(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signInTo(n, "/console/records", account(t, administrator))
	w.open("/console/records?account=agent&from=yesterday&outcome=refused")
	w.reads("#wrong-filter", "「開始」が日時ではありません")
	if got := eval[string](w, `account.value + " " + from.value + " " + outcome.value`); got != "agent yesterday refused" {
		t.Errorf("what was typed became %q", got)
	}
	if eval[bool](w, `document.getElementById("records") !== null`) {
		t.Error("records are shown all the same")
	}
	for query, wrong := range map[string]string{
		"?outcome=none": "wrong-outcome", "?outcome=kind.none": "wrong-outcome", "?to=x": "wrong-to", "?from=2026-04-02T00:00&to=2026-04-01T00:00": "wrong-to",
	} {
		w.open("/console/records" + query)
		w.until(`document.getElementById("` + wrong + `")`)
	}
	session := w.cookies()["ory_kratos_session"]
	header := http.Header{"Cookie": {session.Name + "=" + session.Value}}
	if got := n.get("/console/records?from=yesterday", header).StatusCode; got != http.StatusUnprocessableEntity {
		t.Errorf("a program is told %d", got)
	}
	if got := n.get("/console/records/export?from=yesterday", header).StatusCode; got != http.StatusBadRequest {
		t.Errorf("an export is told %d", got)
	}
}

func TestARecordOpensIntoTheStoryOfItsSignIn(t *testing.T) {
	n := forBrowsers(t)
	w := newBrowser(t)
	name := account(t, nil)
	s := newSignIn(t, name)
	s.expect("code_sent", 1990001, nil)
	right := n.newestCode()
	s.expect("code_mismatch", 4990001, code(wrong(right)))
	s.expectIn(code(right))
	w.signInTo(n, "/console/records?account="+name, account(t, administrator))
	w.reads("#records", name)
	if got := eval[int](w, `document.querySelectorAll("details.entry").length`); got != 1 {
		t.Fatalf("the sign-in is in %d rows", got)
	}
	w.reads("summary", "認証コードで許可")
	w.reads("summary", "認証コードが必要 code_required")
	w.reads("summary .where-to", "ソフトフォン")
	if got := eval[string](w, `document.querySelector("summary time").textContent + "|" + document.querySelector("summary time").title`); !strings.HasPrefix(got, "たった今|2") &&
		!strings.Contains(got, "分前|2") {
		t.Errorf("the time reads %q", got)
	}
	w.click("details.entry summary")
	story := eval[[]string](w, `[...document.querySelectorAll(".story li strong")].map(e => e.innerText)`)
	if got := strings.Join(story, ", "); got != "認証コード送信, メール送信, 認証コード不一致, 認証コード一致" {
		t.Errorf("the story is %s", got)
	}
	w.click("details.raw summary")
	w.reads("pre", `"decision"`)
	w.click(".facts a[href*=flow]")
	w.until(`document.querySelectorAll("details.entry").length === 4`)
}
