package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nidan/config"
	"nidan/doctor"
	"nidan/kratos"
)

// The exit statuses of doctor. A wrong command line ends with statusUsage, as with the other commands.
const (
	statusProblems = 1 // doctor found at least one problem
	statusNoDoctor = 2 // doctor could not run
)

func doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether the installation is set up right, and say what to do if not",
		Long: `Checks the configuration, the database, the policies, the mail server, Kratos and, with --kratos-config, Kratos' configuration.
For each check, doctor says whether the setup is right and, if not, what to do. It changes nothing: Nidan recognises doctor's call to the
hook, and decides, records and mails nothing for it. Run doctor on a machine that can read both Nidan's and Kratos' configuration.

  ok           the setup is right
  warning      this may be intended
  problem      sign-ins fail, or people get in who should not
  not checked  the check could not be made; the text says why

The exit status is one of these:

   0  no problem was found; there may be warnings, and checks that were not made
   1  at least one problem was found
   2  doctor could not run: it could not read a file given with --kratos-config, or it was interrupted
  64  the command line is wrong`,
		Example: `  nidan doctor --config nidan.yml
  nidan doctor --config nidan.yml --kratos-config kratos.yml --mail-to me@example.com
  nidan doctor --config nidan.yml --kratos-config kratos.yml --json`,
		Args: cobra.NoArgs,
	}
	load := withConfig(c)
	files := c.Flags().StringArray("kratos-config", nil, "Kratos' configuration file; repeat the flag for several files, in the order of Kratos' -c (later files override earlier ones)")
	mailTo := c.Flags().String("mail-to", "", "send a test mail to this address")
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		var theirs *doctor.KratosConfig
		if len(*files) > 0 {
			var err error
			if theirs, err = doctor.ReadKratosConfig(*files); err != nil {
				return withStatus{err, statusNoDoctor}
			}
		}
		cfg, err := load()
		found := doctor.Run(c.Context(), doctor.Configuration(cfg, err))
		if err == nil {
			found = append(found, doctor.Run(c.Context(), checks(cfg, theirs, *mailTo)...)...)
		}
		if c.Context().Err() != nil { // context.Canceled itself would give exit status 0, as if there were no problem
			return withStatus{errors.New("it was interrupted"), statusNoDoctor}
		}
		if err := writeFindings(c.OutOrStdout(), found, *asJSON); err != nil {
			return withStatus{err, statusNoDoctor}
		}
		if n := doctor.Count(found, doctor.Problem); n > 0 {
			return withStatus{fmt.Errorf("%s found", many(n, "problem")), statusProblems}
		}
		return nil
	}
	endWithStatuses(c)
	return c
}

// checks returns all checks that need a valid configuration.
func checks(cfg config.Config, theirs *doctor.KratosConfig, mailTo string) []doctor.Check {
	all := []doctor.Check{
		doctor.Database(func(ctx context.Context) (int64, bool, error) { return schemaOf(ctx, cfg.Database) }),
		doctor.Records(now, sealingOf(cfg.Database)),
		doctor.Policies(gateOf(cfg.Policies)),
		doctor.Kratos(cfg.Kratos),
	}
	if theirs == nil {
		all = append(all, doctor.Nidan(cfg), doctor.WithoutKratosConfig)
	} else {
		all = append(all, doctor.Login(theirs), doctor.Settings(theirs), doctor.Hooks(theirs, cfg.Hooks.Tokens),
			doctor.Origins(theirs, cfg), doctor.Traits(theirs, cfg.Identity))
	}
	return append(all,
		doctor.Mail(cfg.Mail.SMTP, func(ctx context.Context) (string, error) { return askMail(ctx, cfg.Mail.SMTP) }),
		doctor.SendMail(testMailTo(cfg, mailTo)), doctor.Clocks(now, clocks(cfg, theirs)...))
}

func clocks(cfg config.Config, theirs *doctor.KratosConfig) []doctor.Clock {
	return []doctor.Clock{
		{Of: "nidan", Ask: doctor.NidanClock(cfg, theirs)},
		{Of: "database", Ask: clockOf(cfg.Database)},
		{Of: "kratos", Ask: func(ctx context.Context) (time.Time, error) { return kratos.AskPublic(ctx, cfg.Kratos.PublicURL) }},
	}
}

func writeFindings(w io.Writer, found []doctor.Finding, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(struct {
			OK       bool             `json:"ok"` // true: no finding is a problem
			Findings []doctor.Finding `json:"findings"`
		}{doctor.Count(found, doctor.Problem) == 0, found})
	}
	var err error
	for _, f := range found {
		_, e := fmt.Fprintf(w, "%-11s  %-24s %s\n", strings.ReplaceAll(string(f.Result), "_", " "), f.Check, indented(f.Found))
		err = errors.Join(err, e)
		if f.Todo != "" {
			_, e = fmt.Fprintf(w, "%38s%s\n", "-> ", indented(f.Todo))
			err = errors.Join(err, e)
		}
	}
	_, e := fmt.Fprintf(w, "\n%d ok, %s, %s, %d not checked\n", doctor.Count(found, doctor.OK), many(doctor.Count(found, doctor.Warning), "warning"),
		many(doctor.Count(found, doctor.Problem), "problem"), doctor.Count(found, doctor.NotChecked))
	return errors.Join(err, e)
}

// indented indents the lines of a text under its first line. It escapes control characters: texts from servers and files could otherwise
// change what the terminal shows.
func indented(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = plain(line)
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", 38))
}
