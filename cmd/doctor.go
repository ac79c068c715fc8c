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

// The statuses that doctor ends with. A command line that is wrong has the status that it has everywhere.
const (
	statusProblems = 1 // at least one problem was found
	statusNoDoctor = 2 // it could not run
)

func doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say whether an installation is set up right, and what to do where it is not",
		Long: `Looks at the configuration, the database, the policies, the mail server, Kratos and, with --kratos-config, at what Kratos is
told, and says of each whether it is right and what to do where it is not. It changes nothing: to the hook it makes a call that Nidan
knows as doctor's, and for which nothing is decided, recorded or mailed. Run it where Kratos' configuration is, with Nidan's own.

  ok           it is right
  warning      it may be meant so
  problem      sign-ins fail, or go on that should not
  not checked  it cannot be said, and why

It ends with one of these statuses:

   0  no problem was found; there may be warnings, and what was not checked
   1  at least one problem was found
   2  it could not run: a file given with --kratos-config cannot be read, or it was interrupted
  64  the command line is wrong`,
		Example: `  nidan doctor --config nidan.yml
  nidan doctor --config nidan.yml --kratos-config kratos.yml --mail-to me@example.com
  nidan doctor --config nidan.yml --kratos-config kratos.yml --json`,
		Args: cobra.NoArgs,
	}
	load := withConfig(c)
	files := c.Flags().StringArray("kratos-config", nil, "Kratos' configuration; may be given again, as Kratos' own -c: what a later file says counts")
	mailTo := c.Flags().String("mail-to", "", "send a test mail to this address")
	asJSON := c.Flags().Bool("json", false, "answer in JSON")
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
		if c.Context().Err() != nil { // whose own error would end it with 0, as if all were well
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

// checks are all checks but the one of the configuration, which these go by.
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
			OK       bool             `json:"ok"` // no problem was found
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

// indented is a text of several lines, each under the one before. What servers and files say can be shown on a terminal.
func indented(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = plain(line)
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", 38))
}
