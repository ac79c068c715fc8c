package cmd

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

//go:generate go test -run ^TestTheReferenceOfTheCommandsIsMadeFromTheCommands$ . -update

var update = flag.Bool("update", false, "write the pages of docs/reference anew")

const commandsPage = "../docs/reference/commands.md"

func TestTheReferenceOfTheCommandsIsMadeFromTheCommands(t *testing.T) {
	want := makeCommandsPage(t)
	if *update {
		if err := os.WriteFile(commandsPage, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(commandsPage); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale (%v): run go generate ./cmd", commandsPage, err)
	}
}

func makeCommandsPage(t *testing.T) []byte {
	t.Helper()
	page := bytes.NewBufferString("# Commands\n\nThis page is made from the commands of the program (`go generate ./cmd`).\n" +
		"`nidan help COMMAND` prints the same.\n\n")
	for _, c := range allCommands(root()) {
		c.DisableAutoGenTag = true // the tag contains the date
		if err := doc.GenMarkdownCustom(c, page, anchor); err != nil {
			t.Fatal(err)
		}
	}
	return page.Bytes()
}

// allCommands returns a command and all its subcommands.
func allCommands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, allCommands(sub)...)
	}
	return all
}

// anchor returns the link to a command's heading. File is the name of the file that cobra would link to.
func anchor(file string) string {
	return "#" + strings.ReplaceAll(strings.TrimSuffix(file, ".md"), "_", "-")
}
