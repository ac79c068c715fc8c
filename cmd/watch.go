package cmd

import (
	"context"
	"os"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nidan/watch"
)

// newWatch starts the metrics of the sign-ins and, if the environment names a receiver of traces, the traces (see docs/operating.md).
func (n *nidan) newWatch(ctx context.Context) (err error) {
	version, _ := built()
	if n.tracing, err = watch.StartTracing(ctx, os.Getenv, version, n.log); err != nil {
		return err
	}
	n.watch = watch.New(n.policies.Names, n.tracing)
	return nil
}

// stopTracing sends the last traces. If this fails, it logs a warning, and the program still exits with status 0.
func (n *nidan) stopTracing(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := n.tracing.Stop(ctx); err != nil {
		n.log.WarnContext(ctx, "the last traces are lost", "err", err)
	}
}

// built returns the version and the commit from which the program was built, each empty if unknown.
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

// buildMetric returns a metric whose labels are the version and the commit of the program.
func buildMetric() prometheus.Collector {
	version, commit := built()
	m := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "nidan_build_info", Help: "The program, in its labels; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "commit": commit},
	})
	m.Set(1)
	return m
}
