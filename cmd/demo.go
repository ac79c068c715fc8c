package cmd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"github.com/labstack/echo/v4"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"nidan/brand"
	"nidan/config"
	"nidan/kratos"
	"nidan/logs"
	"nidan/mail/catcher"
)

// The ports and the password of the demo are fixed, so that its output and the documentation are right on every machine.
const (
	demoPublicPort       = 4455
	demoHooksPort        = 4456
	demoKratosPublicPort = 4433
	demoKratosAdminPort  = 4434
	demoSMTPPort         = 4437
	demoPassword         = "nidan-demo-2026"
)

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// demoAccounts has an account for each way in which a sign-in can end.
var demoAccounts = []kratos.Account{
	{Account: "owner", Name: "Owner", Email: "owner@example.com", Role: "owner"},
	{Account: "admin", Name: "Administrator", Email: "admin@example.com", Role: "system_administrator", TwoFactor: true},
	{Account: "supervisor", Name: "Supervisor", Email: "supervisor@example.com", Role: "supervisor", TwoFactor: true},
	{Account: "agent", Name: "Agent", Email: "agent@example.com", Role: "user", TwoFactor: true},
	{Account: "plain", Name: "Plain", Email: "plain@example.com", Role: "user"},
	{Account: "nomail", Name: "No Mail", Role: "user", TwoFactor: true},
}

func demoCommand() *cobra.Command {
	c := &cobra.Command{
		Use:         "demo",
		Annotations: map[string]string{untilStopped: "yes"},
		Short:       "Try Nidan on this machine, with a real Kratos, a mail catcher and test accounts",
		Args:        cobra.NoArgs,
	}
	binary := c.Flags().String("kratos", "", "kratos program to use instead of building one")
	branded := c.Flags().Bool("brand", false, "show the brand of an example company: its name, logo, colour, links and texts")
	policies := c.Flags().String("policies", "", "folder of policies to use, as in policies.dir; a change in the folder takes effect a moment later")
	buildOnly := c.Flags().Bool("build-only", false, "build Kratos, then stop")
	c.RunE = func(c *cobra.Command, _ []string) error {
		d := demo{out: c.OutOrStdout(), kratos: *binary, branded: *branded, policies: *policies}
		if *buildOnly {
			_, err := d.findKratos(c.Context())
			return err
		}
		return d.run(c.Context())
	}
	return c
}

// demo is one run of the demo. Its state is in a temporary folder, which the demo deletes at the end.
type demo struct {
	out      io.Writer
	kratos   string // path of the program; empty: the demo builds Kratos
	branded  bool   // show the brand of the example
	policies string // folder of policies; empty: the policies that ship
}

func (d *demo) run(ctx context.Context) (err error) {
	if err := portsAreFree(); err != nil {
		return err
	}
	binary, err := d.findKratos(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "nidan-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return d.runIn(ctx, binary, dir)
}

// portsAreFree tries all ports first, so that the demo does not build Kratos for minutes and then fail.
func portsAreFree() error {
	for _, a := range []struct{ use, address string }{
		{"Nidan's pages", loopback(demoPublicPort)}, {"Nidan's hook", loopback(demoHooksPort)}, {"Kratos' public API", loopback(demoKratosPublicPort)},
		{"Kratos' admin API", loopback(demoKratosAdminPort)}, {"the mail catcher", loopback(demoSMTPPort)},
	} {
		l, err := net.Listen("tcp", a.address)
		if err != nil {
			return fmt.Errorf("%s cannot listen on %s: end the program that uses this port, then try again (%w)", a.use, a.address, err)
		}
		l.Close()
	}
	return nil
}

// findKratos returns the given program, or builds one.
func (d *demo) findKratos(ctx context.Context) (string, error) {
	if d.kratos == "" {
		return kratos.Build(ctx, func(step string) { fmt.Fprintln(d.out, step) })
	}
	binary, err := filepath.Abs(d.kratos)
	if err != nil {
		return "", fmt.Errorf("find the kratos program: %w", err)
	}
	if info, err := os.Stat(binary); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("--kratos %s is not a program that can be run", d.kratos)
	}
	return binary, nil
}

func (d *demo) runIn(ctx context.Context, binary, dir string) error {
	mailbox := catcher.New()
	smtp, err := net.Listen("tcp", loopback(demoSMTPPort))
	if err != nil {
		return fmt.Errorf("listen for mail: %w", err)
	}
	go mailbox.Serve(smtp)
	defer mailbox.Close()

	cfg := demoConfig(dir)
	if d.branded {
		example, err := brand.WriteExample(dir)
		if err != nil {
			return err
		}
		cfg.Brand = config.Brand(example)
	}
	cfg.Policies.Dir = d.policies
	log := slog.New(logs.Handler{Handler: slog.NewTextHandler(d.out, &slog.HandlerOptions{Level: d.logLevel()})})
	n, err := newNidan(ctx, cfg, "/demo/mail", log)
	if err != nil {
		return err
	}
	defer n.close()
	n.public.GET("/demo/mail", echo.WrapHandler(mailbox.Page()))
	n.public.GET("/demo/mail.json", echo.WrapHandler(mailbox.JSON()))

	fmt.Fprintln(d.out, "Starting Kratos …")
	server, err := kratos.Start(ctx, binary, dir, kratos.Run{
		PublicPort: demoKratosPublicPort, AdminPort: demoKratosAdminPort, BaseURL: cfg.Public.URL,
		HookURL: "http://" + cfg.Hooks.Listen, HookToken: cfg.Hooks.Tokens[0],
		DSN: "sqlite://" + filepath.Join(dir, "kratos.db") + "?_fk=true&mode=rwc", Secret: rand.Text() + rand.Text(),
	})
	if err != nil {
		return err
	}
	defer server.Stop()
	if err := createAccounts(ctx); err != nil {
		return err
	}
	// Nidan starts last: when its hook answers, the whole demo is ready.
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return n.run(ctx) })
	parts.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case <-server.Done():
			if ctx.Err() != nil { // Ctrl-C also ends Kratos
				return nil
			}
			return errors.New("kratos has ended by itself")
		}
	})
	d.explain()
	err = parts.Wait()
	fmt.Fprintln(d.out, "Stopping …")
	return err
}

// demoConfig returns the configuration of one run. Every secret is new.
func demoConfig(dir string) config.Config {
	cfg := config.Default()
	cfg.Database = "sqlite:" + filepath.Join(dir, "nidan.db")
	cfg.Secrets = []string{rand.Text() + rand.Text()}
	cfg.Public.Listen, cfg.Public.URL = loopback(demoPublicPort), "http://"+loopback(demoPublicPort)
	cfg.Hooks.Listen, cfg.Hooks.Tokens = loopback(demoHooksPort), []string{rand.Text() + rand.Text()}
	cfg.Kratos.PublicURL, cfg.Kratos.AdminURL = "http://"+loopback(demoKratosPublicPort), "http://"+loopback(demoKratosAdminPort)
	cfg.Mail.SMTP.Host, cfg.Mail.SMTP.Port, cfg.Mail.SMTP.TLS = "127.0.0.1", demoSMTPPort, "none"
	cfg.Shutdown.Linger = 0 // the same Ctrl-C ends Kratos, so no further calls come
	return cfg
}

// logLevel returns info if the demo has a folder of policies: the log then says when a change in the folder takes effect.
func (d *demo) logLevel() slog.Level {
	if d.policies != "" {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

func createAccounts(ctx context.Context) error {
	admin := kratos.NewAdmin("http://" + loopback(demoKratosAdminPort))
	var all errgroup.Group
	for _, a := range demoAccounts {
		a.Password = demoPassword
		all.Go(func() error {
			if _, err := admin.CreateAccount(ctx, a); err != nil {
				return fmt.Errorf("create the account %s: %w", a.Account, err)
			}
			return nil
		})
	}
	return all.Wait()
}

func (d *demo) explain() {
	fmt.Fprintf(d.out, `
Nidan's demo is up, on this machine alone. Try this first:

  1. Sign in at http://%[1]s/login as agent, with the password %[2]s.
  2. Nidan asks for a code. Read it at http://%[1]s/demo/mail, and enter it.
  3. Sign out. Open http://%[1]s/console as admin, with a code again, and look around.

All accounts have that password:

`, loopback(demoPublicPort), demoPassword)
	for _, a := range demoAccounts {
		fmt.Fprintf(d.out, "  %-12s %-22s %s\n", a.Account, a.Role, whatHappens(a))
	}
	if d.policies != "" {
		fmt.Fprintf(d.out, "\nThe policies in %s decide, and not those that ship, so sign-ins may end differently.\n"+
			"A change in this folder takes effect a moment later if it passes the gate. See this output, and http://%s/readyz.\n",
			d.policies, loopback(demoHooksPort))
	}
	fmt.Fprintf(d.out, "\nPrograms sign in at http://%s/self-service/login/api (docs/native-clients.md).\nCtrl-C ends it. Nothing is left behind.\n", loopback(demoPublicPort))
}

func whatHappens(a kratos.Account) string {
	switch {
	case a.Email == "":
		return "no code: there is no e-mail address to send it to"
	case a.TwoFactor:
		return "a code, mailed to " + a.Email
	}
	return "no code: two-step verification is off for it"
}
