package cmd

import (
	"context"
	"log/slog"
	"runtime/debug"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"nidan/config"
	"nidan/decisionlog"
	"nidan/hooks"
	"nidan/policies"
)

// newLabels returns the labels that identify this process in the decision log and in the status.
func newLabels() map[string]string {
	labels := map[string]string{"app": "nidan", "id": uuid.NewString()}
	if info, ok := debug.ReadBuildInfo(); ok {
		labels["version"] = info.Main.Version
	}
	return labels
}

func newDecisionLog(cfg config.DecisionLog, labels map[string]string, log *slog.Logger) *decisionlog.Log {
	return decisionlog.New(decisionlog.Config{
		URL: cfg.URL, Token: cfg.Token, Labels: labels, MinDelay: cfg.MinDelay, MaxDelay: cfg.MaxDelay,
	}, log)
}

// logged is a [hooks.Decider] that also sends its decisions to the decision log.
type logged struct {
	hooks.Decider
	log *decisionlog.Log
}

// Login implements [hooks.Decider]. It does not send a decision that is not final yet, because the hook asks again. If the input could not
// be masked, Login sends an entry without input and result.
func (l logged) Login(ctx context.Context, in policies.Input) (policies.Verdict, error) {
	v, err := l.Decider.Login(ctx, in)
	if err == nil && v.NotYet(in) {
		return v, nil
	}
	e := decisionlog.Entry{
		ID: uuid.NewString(), Path: "nidan/login/decision", Revision: v.Revision, At: now(), Took: v.Took,
		Input: v.Kept.Input, Erased: v.Kept.Erased, Masked: v.Kept.Masked,
	}
	if err == nil {
		e.Result = v.Kept.Decision
	}
	l.log.Add(e)
	return v, err
}

// decisionLogMetrics are the metrics of the decision log. Log is nil if there is none.
type decisionLogMetrics struct{ log *decisionlog.Log }

// Describe implements [prometheus.Collector].
func (decisionLogMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (m decisionLogMetrics) Collect(ch chan<- prometheus.Metric) {
	if m.log == nil {
		return
	}
	s := m.log.Stats()
	const help = "Decisions that were sent to the decision log, or dropped on the way."
	collect(ch, prometheus.CounterValue, "nidan_decision_log_decisions_total", help, float64(s.Sent), "result", "sent")
	collect(ch, prometheus.CounterValue, "nidan_decision_log_decisions_total", help, float64(s.Dropped), "result", "dropped")
	collect(ch, prometheus.GaugeValue, "nidan_decision_log_waiting", "Decisions that wait to be sent.", float64(s.Waiting))
	collect(ch, prometheus.CounterValue, "nidan_decision_log_failures_total", "Uploads to the decision log that failed.", float64(s.Failures))
}
