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

// policyCommand is for those who change the policies: each command says something about a set before it decides about anybody.
func policyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Check and test policies, and see what they decide and would change",
		Long: `Check and test policies, and see what they decide and would change.

DIR is a folder of policies, or a bundle (.tar.gz) of them, or a layer over those that ship: a folder with data and no rules, or with
rules of the packages below "custom" alone, or a file of data (.json, .yaml). "shipped" names those that ship. Without it: those that
ship or, where the command reads the configuration, those of policies.dir or policies.data.

` + statuses,
	}
	c.AddCommand(policyCheckCommand(), policyTestCommand(), policyEvalCommand(), policyExplainCommand(), policyReplayCommand(),
		policyDiffCommand(), policyTableCommand(), policyShowCommand(), policyInitCommand(), policyExportCommand(), policyRollbackCommand())
	endWithStatuses(c)
	return c
}

// shipped names the policies that ship where a command takes a set. A folder of that name is ./shipped.
const shipped = "shipped"

// setAt is the set that a command was given, or else the one of the configuration's folder or layer, or else the one that ships.
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

// configuredSet is the set that a command was given, or else the one that the configuration names.
func configuredSet(args []string, cfg config.Policies) (*policies.Set, error) {
	if len(args) == 0 && cfg.Bundle.URL != "" {
		return nil, usage(errors.New("the policies are those of a bundle: give a folder or the bundle's file"))
	}
	return setAt(args, cfg)
}

// plain is a text that somebody else chose, such as an account's name, as it can be shown on a terminal: control characters could
// change what else is there, and breaks could pose as lines of ours. It is escaped as in JSON.
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
