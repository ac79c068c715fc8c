package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"nidan/challenge"
	"nidan/config"
	"nidan/policies/live"
	"nidan/store"
)

// newPolicies has those policies decide that the configuration names, and returns what keeps them up to date. Only a bundle may
// still have to come: until then nobody is let in.
func newPolicies(
	ctx context.Context, cfg config.Policies, st *store.Store, log *slog.Logger,
) (p *live.Policies, keep []func(context.Context) error, err error) {
	p = live.New(cfg.TimeLimit, now, log)
	p.Require(live.Require(cfg.Require))
	p.Remember(history{st})
	if cfg.ShadowDir != "" {
		shadow := p.Shadowed()
		keep = append(keep, shadow.Compare, shadow.Policies.Folder(cfg.ShadowDir).Watch)
	}
	switch {
	case cfg.Dir != "":
		folder := p.Folder(cfg.Dir)
		return p, append(keep, folder.Watch), folder.Start(ctx, lastFrom(ctx, st))
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

// recordPolicies puts on record which policies decide from now on. That it cannot is no reason to go on with others: each sign-in's
// own record names those that decided.
func recordPolicies(st *store.Store, log *slog.Logger) func(context.Context, *live.Active) {
	return func(ctx context.Context, a *live.Active) {
		about := map[string]any{"source": a.Source.String()}
		if a.Source.Kind != live.FromShipped {
			about["tests"], about["coverage"] = len(a.Report().Tests), a.Report().Coverage
		}
		detail, err := json.Marshal(about)
		if err == nil {
			err = st.PoliciesActivated(ctx, challenge.Record{
				At: a.Since, Kind: "policies_activated", State: "changed", Revision: a.Revision, Detail: detail,
			})
		}
		if err = errors.Join(err, keepPolicies(ctx, st, a)); err != nil {
			log.ErrorContext(ctx, "the policies that decide now are not on record", "revision", a.Revision, "err", err)
		}
	}
}
