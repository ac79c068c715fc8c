package cmd

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program, and what it was built with",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(c.OutOrStdout(), version())
			return err
		},
	}
}

// version returns the version of the program, its revision, and the versions of Go and OPA, one a line.
func version() string {
	info, known := debug.ReadBuildInfo()
	if !known {
		return "nidan unknown\n"
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := cmp.Or(settings["vcs.revision"], "unknown")
	if settings["vcs.modified"] == "true" {
		revision += ", with changes"
	}
	opa := "unknown"
	for _, d := range info.Deps {
		if d.Path == "github.com/open-policy-agent/opa" {
			opa = d.Version
			if d.Replace != nil {
				opa = d.Replace.Version
			}
		}
	}
	return fmt.Sprintf("nidan     %s\nrevision  %s\ngo        %s\nopa       %s\n",
		cmp.Or(info.Main.Version, "unknown"), revision, strings.TrimPrefix(info.GoVersion, "go"), strings.TrimPrefix(opa, "v"))
}
