package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// otherWords matches other ways to write the words サーバー, ユーザー, スーパーバイザー, フォルダー and ログイン of the texts.
var otherWords = regexp.MustCompile(`(?:サーバ|ユーザ|スーパバイザ|フォルダ)(?:[^ー]|$)|サインイン|サインアウト|スーパーバイザ(?:[^ー]|$)`)

// documented is a sentence of the mail. It stays as the product's manual has it, because people know it.
const documented = "※本メールは{{.Brand}}サーバより自動で送信されております。"

// If a text has two words for one thing, its readers take them for two things.
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
