package cmd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"nidan/challenge"
	"nidan/config"
	"nidan/decisionlog"
	"nidan/hooks"
	"nidan/journal"
	"nidan/kratos"
	"nidan/mail"
	"nidan/policies/live"
	"nidan/server"
	"nidan/server/console"
	"nidan/server/console/api"
	"nidan/server/console/pages"
	"nidan/server/page"
	"nidan/server/session"
	"nidan/server/signin"
	"nidan/status"
	"nidan/store"
	"nidan/watch"
)

// forgetAfter is the age at which Nidan deletes answers and challenges. It is much longer than they are needed: Kratos repeats a call
// within two minutes, and a login flow lives for an hour.
const forgetAfter = 24 * time.Hour

// nidan is the whole program, built and ready to run.
type nidan struct {
	cfg    config.Config
	inbox  string     // address of the demo's mails; empty: none
	shown  appearance // brand and texts
	log    *slog.Logger
	store  *store.Store
	queue  *mail.Queue
	sealer *journal.Sealer
	public *echo.Echo // faces browsers
	hooks  *echo.Echo // faces Kratos

	policies *live.Policies
	keep     []func(context.Context) error // background tasks, such as keeping the policies up to date
	sent     *decisionlog.Log              // nil: no decision log
	told     *status.Reporter              // nil: no status API
	shutdown *server.Shutdown
	watch    *watch.Watch
	tracing  *watch.Tracing // nil: no traces

	keys   *challenge.Keyring
	tokens *hooks.Tokens
}

// newNidan builds the parts from the configuration. It does not listen and sends no mail. Inbox is the address at which the demo shows its
// mails, and the sign-in page links to it. Without a demo, inbox is empty.
func newNidan(ctx context.Context, cfg config.Config, inbox string, log *slog.Logger) (*nidan, error) {
	shown, err := newAppearance(cfg)
	if err != nil {
		return nil, err
	}
	keys, err := challenge.NewKeyring(cfg.Secrets)
	if err != nil {
		return nil, fmt.Errorf("read the secrets: %w", err)
	}
	st, err := openStore(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	decide, keep, err := newPolicies(ctx, cfg.Policies, st, log)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	decide.KeepDifferences(shadowLedger{st})
	keep = append(keep, func(ctx context.Context) error { return countRecords(ctx, st, log) })
	n := &nidan{cfg: cfg, shown: shown, inbox: inbox, log: log, store: st, hooks: server.New(log, nil), policies: decide, keep: keep}
	n.keys, n.tokens = keys, hooks.NewTokens(cfg.Hooks.Tokens)
	n.shutdown = &server.Shutdown{Notice: cfg.Shutdown.Notice, Linger: cfg.Shutdown.Linger, Log: log}
	if n.sealer, err = newSealer(cfg.Records, st, log); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	n.keep = append(n.keep, n.sealer.Run)
	labels := newLabels()
	if cfg.DecisionLog.URL != "" {
		n.sent = newDecisionLog(cfg.DecisionLog, labels, log)
		n.keep = append(n.keep, n.sent.Run)
	}
	if cfg.Status.URL != "" {
		n.told = newReporter(cfg.Status, labels, decide, log)
		n.keep = append(n.keep, n.told.Run)
	}
	if err := n.newWatch(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if n.queue, err = newQueue(cfg, shown, st, keys, n.watch, log); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if err := n.mount(keys); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return n, nil
}

func newQueue(
	cfg config.Config, shown appearance, st *store.Store, keys *challenge.Keyring, w *watch.Watch, log *slog.Logger,
) (*mail.Queue, error) {
	public, err := url.Parse(cfg.Public.URL)
	if err != nil {
		return nil, fmt.Errorf("read public.url: %w", err)
	}
	return mail.NewQueue(st, keys, mail.Config{
		From: cfg.Mail.From, Brand: shown.Brand, Texts: shown.mail, CodeHost: public.Hostname(), SMTP: mail.SMTP(cfg.Mail.SMTP),
		Watch: w.Mail,
	}, now, log)
}

// openStore opens the database, and creates the tables in an empty database. It refuses a database that is too old or too new for this
// program.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger) (*store.Store, error) {
	st, err := store.Open(ctx, cfg.Database)
	if err != nil {
		return nil, err
	}
	if err := st.Prepare(ctx, initialSettings(cfg.Settings)); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if found, err := st.Schema(ctx); err == nil && found.Version > found.Known {
		log.WarnContext(ctx, "the database is newer than this program, which can use it; start a newer program soon",
			"version", found.Version, "known", found.Known)
	}
	return st, nil
}

func (n *nidan) mount(keys *challenge.Keyring) error {
	zone, err := time.LoadLocation(n.cfg.Policies.TimeZone)
	if err != nil {
		return fmt.Errorf("read policies.time_zone: %w", err)
	}
	if err := n.mountPublic(keys, zone); err != nil {
		return err
	}
	(&server.Health{Ready: n.ready, Stopping: n.shutdown.Begun, Detail: n.detail, Log: n.log}).Mount(n.hooks)
	err = mountMetrics(n.hooks, buildMetric(), n.watch, policiesMetrics{n.policies}, decisionLogMetrics{n.sent},
		mailMetrics{n.queue, n.store, n.log}, sealingMetric(n.sealer))
	if err != nil {
		return fmt.Errorf("set up the metrics: %w", err)
	}
	var decider hooks.Decider = n.policies
	if n.sent != nil {
		decider = logged{n.policies, n.sent}
	}
	factors, err := hooks.NewKeptFactors(kratos.NewAdmin(n.cfg.Kratos.AdminURL), now)
	if err != nil {
		return err
	}
	return (&hooks.Handler{
		Tokens:       n.tokens,
		Store:        n.watch.Store(n.store),
		Policies:     n.watch.Decider(decider),
		Factors:      factors,
		Challenger:   &challenge.Challenger{Keys: keys, Now: now, Rand: rand.Reader, MailWaits: n.queue.Away},
		Keys:         keys,
		Identity:     kratos.Pointers(n.cfg.Identity),
		Sentences:    n.shown.states,
		DeviceCookie: hooks.DeviceCookie(n.https()),
		TimeZone:     zone,
		Now:          now,
		Watch:        n.watch.Call,
		Log:          n.log,
	}).Mount(n.hooks)
}

// origin returns the origin at which browsers reach the pages.
func (n *nidan) origin() string { return strings.TrimSuffix(n.cfg.Public.URL, "/") }

func (n *nidan) https() bool { return strings.HasPrefix(n.cfg.Public.URL, "https:") }

// mountPublic builds the public listener, for browsers and clients.
func (n *nidan) mountPublic(keys *challenge.Keyring, zone *time.Location) error {
	proxies, err := server.ParseProxies(n.cfg.Public.TrustedProxies)
	if err != nil {
		return fmt.Errorf("read public.trusted_proxies: %w", err)
	}
	n.public = server.New(n.log, proxies)
	kratosURL, err := url.Parse(n.cfg.Kratos.PublicURL)
	if err != nil {
		return fmt.Errorf("read kratos.public_url: %w", err)
	}
	toKratos := &server.PassThrough{
		Kratos: kratosURL, Bounds: server.Bounds(n.cfg.Public.Limits), Proxies: proxies, HTTPS: n.https(), Keys: keys, Now: now,
		Devices: &server.Devices{Remembered: n.store.DeviceRemembered, HTTPS: n.https(), Rand: rand.Reader, Log: n.log}, Log: n.log,
	}
	toKratos.Mount(n.public)
	page.Mount(n.public, n.shown.Brand)
	frontend, identity := kratos.NewFrontend(n.cfg.Kratos.PublicURL, n.cfg.Kratos.SessionCookie), kratos.Pointers(n.cfg.Identity)
	visitors := &session.Visitors{Kratos: frontend, Store: n.store, Policies: n.policies, Identity: identity, TimeZone: zone, Now: now}
	worth := &session.Handler{Visitors: visitors, Origin: n.origin(), ReturnTo: n.cfg.Public.ReturnTo, Log: n.log}
	worth.Mount(n.public)
	fromHere, err := console.FromHereOnly(n.origin())
	if err != nil {
		return err
	}
	err = n.mountSignIn(&signin.Handler{
		Kratos: frontend, Identity: identity, HandOn: toKratos.HandOn(n.public), FromHere: fromHere, Lacking: worth.Lacking, Keys: keys,
	})
	if err != nil {
		return err
	}
	return n.mountConsole(&console.Console{
		Kratos: kratos.NewAdmin(n.cfg.Kratos.AdminURL), Store: n.store, Policies: n.policies, Identity: identity,
		Sets: decidedSets{n.store}, Shadows: shadowLedger{n.store}, Comparisons: console.NewComparisons(n.log), Mail: mailTrouble(n.queue),
		NotSealed: notSealed(n.sealer), TimeZone: zone, Now: now, Log: n.log,
	}, visitors, frontend, zone)
}

// mountSignIn fills in the other fields of h, and mounts the sign-in pages.
func (n *nidan) mountSignIn(h *signin.Handler) error {
	h.Remembered, h.SignIn = n.store.DeviceRemembered, n.store.SignIn
	h.Mail, h.Origin, h.HTTPS = n.inbox, n.origin(), n.https()
	h.Brand, h.Texts = n.shown.Brand, n.shown.signin
	h.Now, h.Rand, h.Log = now, rand.Reader, n.log
	if err := h.Mount(n.public); err != nil {
		return err
	}
	n.public.HTTPErrorHandler = h.Explain
	return nil
}

func (n *nidan) mountConsole(
	c *console.Console, visitors *session.Visitors, frontend *kratos.Frontend, zone *time.Location,
) error {
	origin := n.origin()
	err := (&api.Handler{Console: c, Visitors: visitors, Origin: origin, Log: n.log}).Mount(n.public)
	if err != nil {
		return err
	}
	return (&pages.Handler{
		Console: c, Visitors: visitors, LogoutURL: frontend.LogoutURL, Origin: origin, TimeZone: zone, Log: n.log,
		Brand: n.shown.Brand, Texts: n.shown.console,
	}).Mount(n.public)
}

// run serves until ctx ends or a part fails. The background tasks go on until the last call is answered. After that, run waits up to ten
// seconds for the mails that are being sent.
func (n *nidan) run(ctx context.Context) error {
	public, err := net.Listen("tcp", n.cfg.Public.Listen)
	if err != nil {
		return fmt.Errorf("listen for browsers: %w", err)
	}
	hookListener, err := net.Listen("tcp", n.cfg.Hooks.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for Kratos: %w", err), public.Close())
	}
	n.queue.Start()
	n.log.InfoContext(ctx, "nidan is up", "public", n.cfg.Public.Listen, "hooks", n.cfg.Hooks.Listen)
	n.policies.Tell(ctx, recordPolicies(n.store, n.log))
	parts, ctx := errgroup.WithContext(ctx)
	served, endServing := context.WithCancel(context.WithoutCancel(ctx))
	parts.Go(func() error {
		defer endServing()
		return n.shutdown.Serve(ctx, server.Door{Listener: public, Handler: n.public}, server.Door{Listener: hookListener, Handler: n.hooks})
	})
	parts.Go(func() error { return n.forget(served) })
	parts.Go(func() error { return n.store.WatchPolicies(served, n.log, n.policies.Hurry) })
	for _, keep := range n.keep {
		parts.Go(func() error { return keep(served) })
	}
	err = parts.Wait()
	// The queue stops last, so that it still sends the mails of the last answers.
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, n.queue.Stop(stopping))
	n.stopTracing(stopping)
	return err
}

// ready returns nil if Nidan can decide and record a sign-in now.
func (n *nidan) ready(ctx context.Context) error {
	return errors.Join(n.store.Ready(ctx), n.policies.Ready(ctx))
}

// detail returns the further lines of /readyz: the policies, trouble with mail, and trouble with the sealing of records.
func (n *nidan) detail() string {
	return n.policies.Status().Detail() + mailDetail(n.queue.Trouble()) + sealingDetail(n.sealer.Trouble())
}

// forget deletes old challenges and old records, at the start and every hour. It logs an error and goes on, because sign-ins do not depend on
// it.
func (n *nidan) forget(ctx context.Context) error {
	every := time.NewTicker(time.Hour)
	defer every.Stop()
	for {
		at := now()
		if err := n.store.Purge(ctx, at.Add(-forgetAfter)); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "old challenges could not be dropped", "err", err)
		}
		if days := n.cfg.Records.KeepDays; days > 0 {
			if err := n.store.PurgeRecords(ctx, at.AddDate(0, 0, -days)); err != nil && ctx.Err() == nil {
				n.log.WarnContext(ctx, "old records could not be dropped", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

func (n *nidan) close() { n.store.Close() }
