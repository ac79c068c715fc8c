package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// commands matches a block of commands, or a file.
	commands = regexp.MustCompile("(?sm)^```[a-z]*\n(.*?)^```")
	// given matches a file that a command of ours or of OPA reads or writes.
	given = regexp.MustCompile(`(?m)^(?:nidan|opa|go run) .*?--(?:input|file|config|junit|decision-log|data|against)[ =]([\w./-]+)`)
)

// own are files of the reader, with the reason why the repository does not have them.
var own = map[string]string{
	"nidan.yml":           "the reader's configuration",
	"tests.xml":           "the command writes it",
	"nidan-records.jsonl": "the console exports it",
	"./decisions":         "a decision log",
	"policies.sarif":      "the command writes it",
	"before":              "the folder as it was",
}

// A reader who tries a command of the documentation finds the file that the command names. The commands run in the folder of the repository.
func TestThePagesNameFilesThatExist(t *testing.T) {
	docs, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range append(docs, "README.md", "policies/README.md") {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		for _, b := range commands.FindAllStringSubmatch(text, -1) {
			for _, g := range given.FindAllStringSubmatch(b[1], -1) {
				if found++; own[g[1]] == "" {
					exists(t, page, g[1])
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d files were found to be named", found)
	}
}

func exists(t *testing.T, page, path string) {
	t.Helper()
	if _, err := os.Stat(strings.TrimSuffix(path, "/")); err != nil {
		t.Errorf("%s names %s, which is not there", page, path)
	}
}
