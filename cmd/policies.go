package cmd

import (
	"context"
	"log/slog"
	"time"

	"nidan/config"
	"nidan/policies/live"
)

// newPolicies has those policies decide that the configuration names, and returns what keeps them up to date. Only a bundle may
// still have to come: until then nobody is let in.
func newPolicies(ctx context.Context, cfg config.Policies, log *slog.Logger) (p *live.Policies, keep []func(context.Context) error, err error) {
	p = live.New(cfg.TimeLimit, time.Now, log)
	if cfg.ShadowDir != "" {
		keep = append(keep, p.Shadowed(cfg.ShadowDir))
	}
	switch {
	case cfg.Dir != "":
		folder := p.Folder(cfg.Dir)
		return p, append(keep, folder.Watch), folder.Look(ctx)
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
