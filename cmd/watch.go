package cmd

import (
	"context"
	"os"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nidan/watch"
)

// newWatch is what measures the sign-ins, and traces them where the environment says where to (see docs/operating.md).
func (n *nidan) newWatch(ctx context.Context) (err error) {
	version, _ := built()
	if n.tracing, err = watch.StartTracing(ctx, os.Getenv, version, n.log); err != nil {
		return err
	}
	n.watch = watch.New(n.policies.Names, n.tracing)
	return nil
}

// stopTracing sends the last traces. That they cannot be sent is no failure of the program's.
func (n *nidan) stopTracing(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := n.tracing.Stop(ctx); err != nil {
		n.log.WarnContext(ctx, "the last traces are lost", "err", err)
	}
}

// built is what the program was built from; empty is what is not known.
func built() (version, commit string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = s.Value
		}
	}
	return info.Main.Version, commit
}

// buildMetric says which program this is, in its labels.
func buildMetric() prometheus.Collector {
	version, commit := built()
	m := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "nidan_build_info", Help: "The program, in its labels; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "commit": commit},
	})
	m.Set(1)
	return m
}
