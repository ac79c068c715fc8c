package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// texts returns a folder with texts that replace Nidan's own.
func texts(t *testing.T, byLanguage map[string]map[string]map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for language, byGroup := range byLanguage {
		content, err := json.Marshal(byGroup)
		if err != nil {
			t.Fatal(err)
		}
		file(t, dir, language+".json", string(content))
	}
	return dir
}

func file(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// exampleOf returns the path of a file of the demo's brand.
func exampleOf(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("../brand/example/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// branded returns the variables of a brand.
func branded(logo, logoDark, texts string) []string {
	return []string{
		"NIDAN_BRAND_NAME=Minamo", "NIDAN_BRAND_LOGO=" + logo, "NIDAN_BRAND_LOGO_DARK=" + logoDark, "NIDAN_BRAND_ACCENT=#0f766e",
		"NIDAN_BRAND_ACCENT_DARK=#5eead4", "NIDAN_BRAND_HELP_URL=https://minamo.example.com/help",
		"NIDAN_BRAND_PRIVACY_URL=https://minamo.example.com/privacy", "NIDAN_BRAND_TEXTS=" + texts,
	}
}

func (w *window) scheme(scheme string) {
	w.t.Helper()
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// dressed checks that the page has the logo, the colour and the links of the brand, in light and in dark.
func dressed(t *testing.T, w *window) {
	t.Helper()
	for scheme, want := range map[string]struct{ logo, accent string }{
		"light": {"/assets/brand/logo-", "rgb(15, 118, 110)"}, "dark": {"/assets/brand/logo-dark-", "rgb(94, 234, 212)"},
	} {
		w.scheme(scheme)
		w.until(`(i => i.complete && i.naturalWidth > 0 && i.alt === "Minamo" && new URL(i.currentSrc).pathname.match("^` + want.logo +
			`[0-9a-f]{16}[.]"))(document.querySelector("header .brand img"))`)
		w.until(`getComputedStyle(Object.assign(document.body.appendChild(document.createElement("i")), {style: "color: var(--accent)"})).color === "` + want.accent + `"`)
		accessible(t, w)
	}
	w.scheme("light")
	if title := eval[string](w, "document.title"); !strings.HasSuffix(title, " · Minamo") {
		t.Errorf("the title is %q", title)
	}
	if icon := eval[string](w, `document.querySelector("link[rel=icon]").href`); !strings.HasPrefix(icon, origin+"/assets/brand/logo-") {
		t.Errorf("the icon is %s", icon)
	}
	links := eval[string](w, `[...document.querySelectorAll("footer a")].map(a => a.innerText + " " + a.href).join(", ")`)
	if links != "お困りの方へ https://minamo.example.com/help, プライバシーポリシー https://minamo.example.com/privacy" {
		t.Errorf("the links are %s", links)
	}
}

func TestPagesConsoleAndMailAreInTheBrand(t *testing.T) {
	own := texts(t, map[string]map[string]map[string]string{
		"ja": {
			"page": {"help": "お困りの方へ"}, "signin": {"account": "社員番号"}, "states": {"code_sent": "{{.SentTo}} をご覧ください。"},
			"console": {"my_account": "わたしの情報"}, "mail": {"lead": "コードをお届けします。"},
		},
		"en": {"signin": {"account": "Staff number"}, "states": {"code_sent": "Please look at {{.SentTo}}."}},
	})
	n := forBrowsers(t, branded(exampleOf(t, "logo.svg"), exampleOf(t, "logo-dark.svg"), own)...)
	w := newBrowser(t)
	w.open("/login")
	w.shown("password-step")
	w.until(`document.querySelector("label[for=identifier]").innerText === "社員番号"`)
	dressed(t, w)
	if colour := eval[string](w, `getComputedStyle(document.querySelector("#password-step .primary")).backgroundColor`); colour != "rgb(15, 118, 110)" {
		t.Errorf("the button is %s", colour)
	}
	w.click(`[data-locale="en"]`)
	w.until(`document.querySelector("label[for=identifier]").innerText === "Staff number" && document.querySelector("footer a").innerText === "Help"`)
	w.click(`[data-locale="ja"]`)

	who := account(t, administrator)
	w.open("/console/settings")
	w.shown("password-step")
	w.keys(who + "\t" + password + "\r")
	w.asked()
	w.says("t***@example.com をご覧ください。")
	w.keys(n.code(1) + "\r")
	w.at("/console/settings")
	dressed(t, w)
	w.reads("header nav li:last-child", "わたしの情報")

	mail := n.mailbox.Messages()[0]
	if mail.Subject != "【Minamo】2段階認証 認証コードのご連絡" || !strings.Contains(mail.Text, "コードをお届けします。") ||
		!strings.Contains(mail.Text, "https://minamo.example.com/help") || !strings.Contains(mail.HTML, "color: #0f766e") ||
		!strings.Contains(mail.HTML, `href="https://minamo.example.com/privacy"`) || strings.Contains(mail.HTML, "<img") {
		t.Errorf("the mail is %s\n%s\n%s", mail.Subject, mail.Text, mail.HTML)
	}
	// Clients other than the page get the same words.
	s := newSignIn(t, account(t, nil))
	s.header = http.Header{"Accept-Language": {"en"}}
	if r := s.expect("code_sent", 1990001, nil); !strings.Contains(fmt.Sprint(r), "Please look at t***@example.com.") {
		t.Errorf("another client is told %v", r)
	}
}

func TestALogoThatIsAPNG(t *testing.T) {
	var content bytes.Buffer
	if err := png.Encode(&content, image.NewRGBA(image.Rect(0, 0, 40, 10))); err != nil {
		t.Fatal(err)
	}
	n := forBrowsers(t, "NIDAN_BRAND_LOGO="+file(t, t.TempDir(), "logo", content.String()))
	w := newBrowser(t)
	w.signIn(account(t, nil))
	w.asked()
	w.until(`(i => i.naturalWidth === 40 && i.naturalHeight === 10 && i.alt === "Nidan")(document.querySelector("header img"))`)
	n.code(1)
	if html := n.mailbox.Messages()[0].HTML; !strings.Contains(html, `<img src="cid:logo@localhost" alt="Nidan"`) {
		t.Errorf("the mail does not show the logo:\n%s", html)
	}
}

func TestAScriptInALogoDoesNotRun(t *testing.T) {
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10" onload="document.documentElement.dataset.ran = 'load'">
		<script>document.documentElement.dataset.ran = "script"; try { top.document.documentElement.dataset.ran = "above" } catch {}</script></svg>`
	const ran = `Boolean(document.documentElement.dataset.ran)`
	forBrowsers(t, "NIDAN_BRAND_LOGO="+file(t, t.TempDir(), "logo.svg", svg))
	w := newBrowser(t)
	w.open("/login")
	w.shown("password-step")
	w.until(`document.querySelector("header img").naturalWidth === 40`)
	if eval[bool](w, ran) {
		t.Error("the script ran on the page")
	}
	w.goTo(eval[string](w, `document.querySelector("header img").src`))
	w.until(`document.documentElement.localName === "svg" && document.readyState === "complete"`)
	if eval[bool](w, ran) {
		t.Error("the script ran when the logo was opened by itself")
	}
	if at := eval[string](w, "self.origin"); at != "null" {
		t.Errorf("the logo has the origin %s", at)
	}

	anywhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write([]byte(svg))
	}))
	defer anywhere.Close()
	w.goTo(anywhere.URL)
	w.until(ran) // without Nidan's headers, the script runs
}

func TestWithABrandThatCannotBeUsedNidanDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct{ variable, want string }{
		"a colour that cannot be read": {"NIDAN_BRAND_ACCENT=#ffcc00", `brand.accent: #ffcc00 has a contrast of 1.37:1 with the background of the page (#f3f4f6), ` +
			`and WCAG AA asks for 4.5:1; the nearest of this hue that has it is "#896c00"`},
		"one for dark pages":            {"NIDAN_BRAND_ACCENT_DARK=#0f766e", "brand.accent_dark: #0f766e has a contrast of"},
		"what is no logo":               {"NIDAN_BRAND_LOGO=" + file(t, dir, "logo.svg", "<html/>"), "brand.logo: "},
		"a text that there is no place": {"NIDAN_BRAND_TEXTS=" + texts(t, map[string]map[string]map[string]string{"en": {"signin": {"sing_in": "x"}}}), "signin.sing_in: there is no such text"},
		"a text that lacks the address": {"NIDAN_BRAND_TEXTS=" + texts(t, map[string]map[string]map[string]string{"en": {"states": {"code_sent": "Sent."}}}), "states.code_sent: mentions {{.SentTo}} 0 times"},
		"a link that is a program":      {"NIDAN_BRAND_HELP_URL=javascript:alert(1)", "brand.help_url: is no absolute URL"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNidan(t, tc.variable)
			cmd := exec.Command(program, "serve")
			cmd.Env, cmd.Dir = append(os.Environ(), n.env...), n.dir
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "the configuration cannot be used:") || !strings.Contains(string(out), tc.want) {
				t.Errorf("it ended with %v:\n%s\nwant %q", err, out, tc.want)
			}
		})
	}
}

func TestTheDemoInABrand(t *testing.T) {
	cmd, out := demo(t, []string{"TMPDIR=" + t.TempDir()}, "--brand", "--kratos", kratosBinary)
	n := &nidan{t: t, log: out}
	n.eventually("the demo says that it is up", func() bool { return strings.Contains(out.String(), "Ctrl-C ends it.") })
	w := newBrowser(t)
	w.goTo(demoNidan + "/login")
	w.shown("password-step")
	w.until(`document.title === "ミナモへようこそ · Minamo" && document.querySelector("label[for=identifier]").innerText === "社員番号"`)
	w.until(`document.querySelector("header img").naturalWidth > 0`)
	w.keys("agent\tnidan-demo-2026\r")
	w.asked()
	n.eventually("the mail has arrived", func() bool { return len(demoMails(t)) == 1 })
	if mail := demoMails(t)[0]; !strings.HasPrefix(mail.Subject, "【Minamo】") || !strings.Contains(mail.Text, "ミナモのヘルプデスク") {
		t.Errorf("the mail is %s\n%s", mail.Subject, mail.Text)
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v:\n%s", err, out)
	}
}
