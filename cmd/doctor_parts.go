package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"nidan/config"
	"nidan/mail"
	"nidan/policies/live"
	"nidan/store"
)

// schemaOf returns the version of the database's tables. Reached says whether the database answered. The error says what to do.
func schemaOf(ctx context.Context, database string) (version int64, reached bool, err error) {
	st, err := store.OpenExisting(ctx, database)
	if err != nil {
		return 0, false, err
	}
	defer st.Close()
	found, err := st.Schema(ctx)
	if err != nil {
		return 0, true, err
	}
	return found.Version, true, found.Check()
}

func clockOf(database string) func(context.Context) (time.Time, error) {
	return func(ctx context.Context) (time.Time, error) {
		st, err := store.OpenExisting(ctx, database)
		if err != nil {
			return time.Time{}, err
		}
		defer st.Close()
		return st.Clock(ctx)
	}
}

// gateOf returns a function that checks the policies of the configuration with the gate, as Nidan does at a start. It returns nil if the
// policies come as a bundle.
func gateOf(cfg config.Policies) func(context.Context) (string, error) {
	if cfg.Bundle.URL != "" {
		return nil
	}
	return func(ctx context.Context) (string, error) {
		p := live.New(cfg.TimeLimit, now, slog.New(slog.DiscardHandler))
		p.Require(live.Require{Tests: cfg.Require.Tests, Coverage: cfg.Require.Coverage, Invariants: cfg.Require.Invariants})
		err := look(ctx, p, cfg)
		if err != nil {
			return "", err
		}
		a := p.Status().Active
		return fmt.Sprintf("revision %s, of %s, passes the gate: %d tests hold", a.Revision, a.Source, len(a.Report().Tests)), nil
	}
}

func look(ctx context.Context, p *live.Policies, cfg config.Policies) error {
	switch {
	case cfg.Dir != "":
		return p.Folder(cfg.Dir).Look(ctx)
	case cfg.Data != "":
		return p.Layer(cfg.Data).Look(ctx)
	}
	return p.Ship(ctx)
}

func askMail(ctx context.Context, c config.SMTP) (reason string, err error) {
	trouble, err := mail.Ask(ctx, mail.SMTP(c))
	if trouble != nil {
		return trouble.Reason, trouble.Err
	}
	return "", err
}

// testMailTo returns a function that sends a test mail, or nil without an address.
func testMailTo(cfg config.Config, to string) func(context.Context) error {
	if to == "" {
		return nil
	}
	return func(ctx context.Context) error {
		shown, err := newAppearance(cfg)
		if err != nil {
			return err
		}
		public, err := url.Parse(cfg.Public.URL)
		if err != nil {
			return fmt.Errorf("read public.url: %w", err)
		}
		return mail.SendTest(ctx, mail.Config{
			From: cfg.Mail.From, Brand: shown.Brand, Texts: shown.mail, CodeHost: public.Hostname(), SMTP: mail.SMTP(cfg.Mail.SMTP),
		}, to)
	}
}
