package pages

import (
	"cmp"
	"html/template"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nidan/server/page"
)

// unprovenInWords returns the text on a page in this language.
func unprovenInWords(t *testing.T, locale, written string) string {
	t.Helper()
	texts, err := Texts()
	if err != nil {
		t.Fatal(err)
	}
	part, err := template.ParseFS(files, "templates/part_unproven.html")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := part.ExecuteTemplate(&b, "unproven", page.Page{Locale: locale, All: texts, Data: unprovenOf(written)}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWhatIsNotProvenIsSaidInTheReadersLanguage(t *testing.T) {
	for written, want := range map[string][2]string{
		"login: input.request.ip: regex.match (login/login.rego:12)": {
			"ログイン: <code>input.request.ip</code>: この式はすべての入力については調べられません: regex.match (login/login.rego:12)",
			"Sign-ins: <code>input.request.ip</code>: this expression cannot be worked out for every input: regex.match (login/login.rego:12)",
		},
		"input.account.tags: it is a list": {
			"<code>input.account.tags</code>: 値の一覧であり、すべての値を調べられません",
			"<code>input.account.tags</code>: it is a list, and not every list can be tried",
		},
		"console: all of input.target": {
			"管理画面の操作: input.targetが全体として使われています", "The console: input.target is used as a whole",
		},
		"time.weekday (a.rego:1), tried at each half hour of a week": {
			"time.weekday (a.rego:1): 1週間の30分ごとの日時だけを調べました", "time.weekday (a.rego:1): only each half hour of a week was tried",
		},
		"they cannot be compared: <a>\nb": {"比較できません: &lt;a&gt;\nb", "the sets cannot be compared: &lt;a&gt;\nb"},
		"something new":                   {"<code>something new</code>", "<code>something new</code>"},
	} {
		for i, locale := range []string{"ja", "en"} {
			if got := unprovenInWords(t, locale, written); got != want[i] {
				t.Errorf("%s, %s:\n%s\nwant\n%s", locale, written, got, want[i])
			}
		}
	}
}

var (
	collected = regexp.MustCompile(`(?m)^.*(?:missing|strange|append\(l\.Unproven|nil, \[\]string\{).*$`)
	// whole has full phrases for parts of phrases in the source.
	whole = map[string]string{
		"with (": "with (a.rego:1)", "compared with ": "compared with 1", "all of input.": "all of input.account",
		"they cannot be compared: ":                "they cannot be compared: there is no rule",
		", tried at each half hour of a week":      "f (a.rego:1), tried at each half hour of a week",
		", together with the other functions here": "f (a.rego:1), together with the other functions here",
		": ": "it is a list", // the separator before a phrase
	}
	literal = regexp.MustCompile(`"((?:[^"\\]|\\.)* (?:[^"\\]|\\.)*)"`)
)

// A new phrase in package proof without a text would be shown in English to every reader.
func TestEachPhraseOfAProofHasAText(t *testing.T) {
	sources, err := filepath.Glob("../../../policies/proof/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, source := range append(sources, "../../../policies/live/approval.go") {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range collected.FindAllString(string(text), -1) {
			line, _, _ = strings.Cut(line, " // ")
			for _, m := range literal.FindAllStringSubmatch(line, -1) {
				phrase := cmp.Or(whole[m[1]], m[1])
				if found++; unprovenOf(phrase).Text == "" {
					t.Errorf("%s: there is no text for %q", source, phrase)
				}
			}
		}
	}
	if found < 12 {
		t.Errorf("only %d phrases were found", found)
	}
}
