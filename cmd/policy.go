package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/policies"
)

// policyCommand has the commands for people who change the policies. They examine a set of policies before it decides real sign-ins.
func policyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Check and test policies, and show what they decide and what they would change",
		Long: `Checks and tests policies, and shows what they decide and what they would change.

DIR is one of these:

  - a folder of policies
  - a bundle of policies (.tar.gz)
  - a layer over the policies that ship: a folder with data and without rules, or with rules only in packages below "custom", or a file
    with data (.json, .yaml)
  - "shipped": the policies that ship

Without DIR, a command uses the policies of policies.dir or policies.data if it reads the configuration, and else those that ship.

` + statuses,
	}
	c.AddCommand(policyCheckCommand(), policyTestCommand(), policyEvalCommand(), policyExplainCommand(), policyReplayCommand(),
		policyDiffCommand(), policyTableCommand(), policyShowCommand(), policyInitCommand(), policyExportCommand(), policyRollbackCommand())
	endWithStatuses(c)
	return c
}

// shipped is the argument that stands for the policies that ship. A folder with this name can be given as ./shipped.
const shipped = "shipped"

// setAt reads the set that is given as an argument, else the folder or layer of the configuration, else the policies that ship.
func setAt(args []string, cfg config.Policies) (set *policies.Set, err error) {
	switch {
	case len(args) > 0 && args[0] != "" && args[0] != shipped:
		set, err = policies.Read(args[0])
	case len(args) > 0 && args[0] == shipped, cfg.Dir == "" && cfg.Data == "":
		return policies.Load(policies.Shipped())
	case cfg.Dir != "":
		set, err = policies.Read(cfg.Dir)
	default:
		set, err = policies.ReadLayer(cfg.Data)
	}
	return set, orNotFound(err)
}

// configuredSet reads the set that is given as an argument, else the set that the configuration names.
func configuredSet(args []string, cfg config.Policies) (*policies.Set, error) {
	if len(args) == 0 && cfg.Bundle.URL != "" {
		return nil, usage(errors.New("the policies are those of a bundle: give a folder or the bundle's file"))
	}
	return setAt(args, cfg)
}

// plain escapes a text from outside, such as an account's name, for a terminal. Control characters could change what the terminal shows
// elsewhere, and line breaks could fake lines of our output. The escapes are those of JSON.
func plain(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, "\\u%04x", unit)
		}
	}
	return b.String()
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
