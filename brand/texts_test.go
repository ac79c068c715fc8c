package brand

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
)

func shipped() map[string]Texts {
	return map[string]Texts{
		"signin": {
			"en": {"sign_in": "Sign in", "code": "Code ({{.Length}} digits)", "told": "Since %s, %d codes"},
			"ja": {"sign_in": "ログイン", "code": "コード({{.Length}}桁)", "told": "%s 以降%d回"},
		},
		"console": {"en": {"held": "%[1]d hold, %.1[2]f %%"}, "ja": {"held": "%[1]d、%.1[2]f %%"}},
	}
}

// folder makes a folder with files. The arguments are name, content, name, content and so on.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestATextIsReplaced(t *testing.T) {
	for name, tc := range map[string]struct{ part, key, text string }{
		"without anything in it":        {"signin", "sign_in", "Come in"},
		"with the same thing in it":     {"signin", "code", "The {{.Length}} digits of your code"},
		"with a percent sign":           {"signin", "sign_in", "100 % safe"},
		"in the same order":             {"signin", "told", "After %s: %d"},
		"in another order, by number":   {"signin", "told", "%[2]d codes since %[1]s"},
		"with a format of its own kind": {"console", "held", "%.1[2]f %% for %[1]d"},
	} {
		t.Run(name, func(t *testing.T) {
			before := shipped()
			all, err := Override(folder(t, "en.json", `{"`+tc.part+`": {"`+tc.key+`": "`+tc.text+`"}}`, "README", "not read"), before)
			if err != nil || all[tc.part]["en"][tc.key] != tc.text {
				t.Fatalf("got %q, %v", all[tc.part]["en"][tc.key], err)
			}
			if all[tc.part]["ja"][tc.key] != shipped()[tc.part]["ja"][tc.key] {
				t.Error("the other language changed too")
			}
			if before[tc.part]["en"][tc.key] == tc.text {
				t.Error("the texts that were passed in changed too")
			}
		})
	}
}

func TestATextIsRefused(t *testing.T) {
	for name, tc := range map[string]struct{ file, content, want string }{
		"that there is no place for": {"en.json", `{"signin": {"sing_in": "Come in"}}`, "en.json: signin.sing_in: there is no such text"},
		"of a group that there is not": {"en.json", `{"singin": {"sign_in": "Come in"}}`,
			"en.json: singin: there is no such group; choose one of console, signin"},
		"of a language that there is not": {"fr.json", `{"signin": {"sign_in": "Entrez"}}`, "fr.json: there is no such language; choose one of en, ja"},
		"that says no length any more":    {"en.json", `{"signin": {"code": "Your code"}}`, "signin.code: mentions {{.Length}} 0 times"},
		"with one thing too many":         {"en.json", `{"signin": {"sign_in": "Hello {{.Name}}"}}`, "signin.sign_in: mentions {{.Name}}, and the text"},
		"with a misspelt thing":           {"en.json", `{"signin": {"code": "{{.Lenght}} digits"}}`, "signin.code: mentions {{.Length}} 0 times"},
		"with a thing half written":       {"en.json", `{"signin": {"sign_in": "Hello {{Name}}"}}`, "signin.sign_in: has { or }"},
		"with a brace too few":            {"en.json", `{"signin": {"sign_in": "Hello {.Name}"}}`, "signin.sign_in: has { or }"},
		"with a brace too many":           {"en.json", `{"signin": {"code": "{{{.Length}} digits"}}`, "signin.code: has { or }"},
		"with a number and a turn":        {"en.json", `{"signin": {"told": "%[2]d codes since %s"}}`, "signin.told: mentions"},
		"with a program in it":            {"en.json", `{"signin": {"sign_in": "{{if true}}"}}`, "signin.sign_in: has { or }"},
		"with two that changed places":    {"en.json", `{"signin": {"told": "%d codes since %s"}}`, "signin.told: mentions"},
		"with one of two":                 {"en.json", `{"signin": {"told": "Since %s"}}`, "signin.told: mentions"},
		"with an argument there is not":   {"en.json", `{"signin": {"sign_in": "Hello %s"}}`, "signin.sign_in: mentions"},
		"with a bare percent sign":        {"en.json", `{"console": {"held": "%[1]d hold, %.1[2]f %"}}`, "console.held: has a percent sign"},
		"that is empty":                   {"en.json", `{"signin": {"sign_in": " "}}`, "signin.sign_in: is empty"},
		"with a line break":               {"en.json", `{"signin": {"sign_in": "a\r\nBcc: b@example.com"}}`, "signin.sign_in: has a line break"},
		"that is a book":                  {"en.json", `{"signin": {"sign_in": "` + strings.Repeat("a", 1001) + `"}}`, "signin.sign_in: has more than 1000 characters"},
		"that is no text":                 {"en.json", `{"signin": {"sign_in": 7}}`, "en.json: expected texts in groups"},
		"outside of a group":              {"en.json", `{"sign_in": "Come in"}`, "en.json: expected texts in groups"},
		"in what is no JSON":              {"en.json", `sign_in: Come in`, "en.json: expected texts in groups"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Override(folder(t, tc.file, tc.content), shipped())
			if err == nil || !strings.HasPrefix(err.Error(), "brand.texts: ") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// FuzzText checks that each accepted text has a place for each value, and no other place.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"Since %s, %d codes", "%[2]d since %[1]s", "%[2]d since %s", "100%", "%%s %s %d", "{{.Length}}", "{{{.Length}}", "{{ .Length}}", "{{.Length}}}}"} {
		f.Add(seed)
	}
	old := map[string]string{"told": "Since %s, %d codes", "code": "Code ({{.Length}} digits)"}
	f.Fuzz(func(t *testing.T, text string) {
		if replaces(text, old, "told") == nil {
			if got := fmt.Sprintf(text, "<since>", 4711); strings.Contains(got, "%!") || !strings.Contains(got, "<since>") || !strings.Contains(got, "4711") {
				t.Errorf("%q becomes %q", text, got)
			}
		}
		if replaces(text, old, "code") == nil {
			parsed, err := template.New("").Parse(text)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			var b strings.Builder
			if err := parsed.Execute(&b, map[string]int{"Length": 4711}); err != nil || !strings.Contains(b.String(), "4711") || strings.Contains(b.String(), "<no value>") {
				t.Errorf("%q becomes %q, %v", text, b.String(), err)
			}
		}
	})
}

func TestEveryTextThatIsWrongIsNamedAtOnce(t *testing.T) {
	_, err := Override(folder(t, "en.json", `{"x": {}, "signin": {"y": "1", "z": "2"}}`, "ja.json", `{"signin": {"w": "3"}}`), shipped())
	for _, want := range []string{"en.json: x:", "signin.y:", "signin.z:", "ja.json: signin.w:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in %v", want, err)
		}
	}
}

func TestAFolderWithoutTexts(t *testing.T) {
	if all, err := Override("", shipped()); err != nil || all["signin"]["en"]["sign_in"] != "Sign in" {
		t.Errorf("none: got %v, %v", all, err)
	}
	for name, dir := range map[string]string{"no such folder": "/no/such", "an empty one": t.TempDir(), "a file": folder(t, "en.json", "{}") + "/en.json"} {
		if _, err := Override(dir, shipped()); err == nil || !strings.HasPrefix(err.Error(), "brand.texts: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
