package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"nidan/config"
	"nidan/policies/live"
	"nidan/records"
	"nidan/store"
)

// newPolicies loads the policies that the configuration names. It returns them with the background tasks that keep them up to date. If
// the policies come as a bundle, it may not be there yet: until Nidan has downloaded the bundle, it refuses all sign-ins.
func newPolicies(
	ctx context.Context, cfg config.Policies, st *store.Store, log *slog.Logger,
) (p *live.Policies, keep []func(context.Context) error, err error) {
	p = live.New(cfg.TimeLimit, now, log)
	p.Require(live.Require(cfg.Require))
	p.Remember(history{st})
	if keep, err = newShadow(ctx, cfg, p, log); err != nil {
		return nil, nil, err
	}
	switch {
	case cfg.Dir != "":
		folder := p.Folder(cfg.Dir)
		return p, append(keep, folder.Watch), sayWhereThereIsNoFolder(ctx, cfg.Dir, folder.Start(ctx, lastFrom(ctx, st)), log)
	case cfg.Data != "":
		layer := p.Layer(cfg.Data)
		return p, append(keep, layer.Watch), layer.Start(ctx, lastFrom(ctx, st))
	case cfg.Bundle.URL != "":
		bundle, err := p.Bundle(live.BundleConfig(cfg.Bundle))
		if err != nil {
			return nil, nil, err
		}
		if err := bundle.Kept(ctx); err != nil {
			log.WarnContext(ctx, "the policies that were kept do not decide", "err", err)
		}
		return p, append(keep, bundle.Run), nil
	}
	return p, keep, p.Ship(ctx)
}

// sayWhereThereIsNoFolder adds to err that policies.dir does not exist: the error of reading the folder does not help an operator who has
// misspelt its name. If err is nil, the policies that decided last decide again; then it only logs a warning.
func sayWhereThereIsNoFolder(ctx context.Context, dir string, err error, log *slog.Logger) error {
	const todo = "make it with nidan policy export, or leave policies.dir out for the policies that ship"
	if _, there := os.Stat(dir); !errors.Is(there, fs.ErrNotExist) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%s: %s (%w)", config.NoPoliciesDir(dir), todo, err)
	}
	log.WarnContext(ctx, config.NoPoliciesDir(dir)+"; the policies that decided last decide again", "todo", todo)
	return nil
}

// newShadow adds the shadow of the configuration to p, if there is one. It returns the background tasks that compare the shadow's answers
// and keep the shadow up to date.
func newShadow(ctx context.Context, cfg config.Policies, p *live.Policies, log *slog.Logger) (keep []func(context.Context) error, err error) {
	switch {
	case cfg.ShadowDir != "":
		shadow := p.Shadowed()
		return append(keep, shadow.Compare, shadow.Policies.Try(cfg.ShadowDir).Watch), nil
	case cfg.ShadowBundle.URL != "":
		shadow := p.Shadowed()
		bundle, err := shadow.Policies.Bundle(live.BundleConfig(cfg.ShadowBundle))
		if err != nil {
			return nil, fmt.Errorf("prepare policies.shadow_bundle: %w", err)
		}
		if err := bundle.Kept(ctx); err != nil {
			log.WarnContext(ctx, "the shadow's policies that were kept are not compared", "err", err)
		}
		return append(keep, shadow.Compare, bundle.Run), nil
	}
	return nil, nil
}

// recordPolicies returns a function that records which policies decide from now on. If it cannot, it logs an error, and the new policies
// decide all the same: the record of each sign-in names the revision of the policies that decided.
func recordPolicies(st *store.Store, log *slog.Logger) func(context.Context, *live.Active) {
	return func(ctx context.Context, a *live.Active) {
		about := map[string]any{"source": a.Source.String()}
		if a.Source.Kind != live.FromShipped {
			about["tests"], about["coverage"] = len(a.Report().Tests), a.Report().Coverage
		}
		detail, err := json.Marshal(about)
		if err == nil {
			err = st.PoliciesActivated(ctx, records.Record{
				At: a.Since, Kind: "policies_activated", State: "changed", Revision: a.Revision, Detail: detail,
			})
		}
		if err = errors.Join(err, keepPolicies(ctx, st, a)); err != nil {
			log.ErrorContext(ctx, "the policies that decide now are not on record", "revision", a.Revision, "err", err)
		}
	}
}
