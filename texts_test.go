package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// otherWords are other ways to write what the texts call サーバー, ユーザー, スーパーバイザー, フォルダー and ログイン.
var otherWords = regexp.MustCompile(`(?:サーバ|ユーザ|スーパバイザ|フォルダ)(?:[^ー]|$)|サインイン|サインアウト|スーパーバイザ(?:[^ー]|$)`)

// documented is the mail's sentence as the manual of the product has it: people know it.
const documented = "※本メールは{{.Brand}}サーバより自動で送信されております。"

// Somebody who reads two words takes them for two things.
func TestTheJapaneseTextsHaveOneWordForEachThing(t *testing.T) {
	found := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if d.Name() != "ja.json" {
			return nil
		}
		found++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			if word := otherWords.FindString(strings.ReplaceAll(line, documented, "")); word != "" {
				t.Errorf("%s:%d has %q: %s", path, i+1, word, line)
			}
		}
		return nil
	})
	if err != nil || found < 5 {
		t.Errorf("%d files were read: %v", found, err)
	}
}
