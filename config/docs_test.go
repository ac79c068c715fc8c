package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// noKeys are names in the documentation that look like keys and are none: keys of Kratos, files, and actions in the policies.
var noKeys = []string{
	"kratos.yml", "policies.approve", "policies.view", "records.mask", "records.view", "settings.before", "settings.jsonschema",
	"settings.required_aal", "settings.view",
}

// unknownKeys returns the keys that a page names and that do not exist.
func unknownKeys(page string) (unknown []string) {
	known, groups := map[string]bool{}, map[string]bool{}
	for _, f := range fields() {
		known[f.key] = true
		for at := range f.key {
			if f.key[at] == '.' {
				known[f.key[:at]], groups[f.key[:strings.Index(f.key, ".")]] = true, true
			}
		}
	}
	for _, found := range regexp.MustCompile("`([a-z_]+)(\\.[a-z_.]+[a-z_])(?::[^`]*)?`").FindAllStringSubmatch(page, -1) {
		key := found[1] + found[2]
		if groups[found[1]] && !known[key] && !slices.Contains(noKeys, key) {
			unknown = append(unknown, key)
		}
	}
	return unknown
}

func TestTheKeysThatTheDocumentationNamesExist(t *testing.T) {
	files, read := []string{"../README.md", "../README.ja.md", "../policies/README.md"}, 0
	err := filepath.WalkDir("../docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range unknownKeys(string(page)) {
			t.Errorf("%s: there is no key %s", file, key)
		}
		read++
	}
	if read < 10 {
		t.Errorf("%d pages were read", read)
	}
}

// This test shows that the test above can fail.
func TestAKeyThatDoesNotExistIsFound(t *testing.T) {
	got := unknownKeys("`policies.keep_dir`, `public.trusted_proxy`, `mail.smtp.hots`, `policies.require.loosen: approve`; " +
		"`policies.dir`, `mail.smtp`, `policies.require.loosening: approve`, `selfservice.methods`")
	if want := []string{"policies.keep_dir", "public.trusted_proxy", "mail.smtp.hots", "policies.require.loosen"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
