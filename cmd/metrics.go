package cmd

import (
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nidan/policies/live"
)

//go:generate go test -run ^TestTheReferenceOfMetricsIsMadeFromTheMetrics$ . -update

// mountMetrics adds GET /metrics to e, in the format of Prometheus.
func mountMetrics(e *echo.Echo, of ...prometheus.Collector) error {
	r := prometheus.NewRegistry()
	of = append(of, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, c := range of {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	e.GET("/metrics", echo.WrapHandler(promhttp.HandlerFor(r, promhttp.HandlerOpts{})))
	return nil
}

// policiesMetrics are the metrics of the policies. Each request to /metrics reads them.
type policiesMetrics struct{ policies *live.Policies }

// Describe implements [prometheus.Collector]. It sends no description, because the metrics of the shadow exist only with a shadow.
func (policiesMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (m policiesMetrics) Collect(ch chan<- prometheus.Metric) {
	s := m.policies.Status()
	collectStatus(ch, "nidan_policies", "", s)
	if s.Shadow == nil {
		return
	}
	collectStatus(ch, "nidan_shadow_policies", "The shadow, which does not decide: ", s.Shadow.Status)
	for name, n := range map[string]int{
		"compared": s.Shadow.Summary.Decided, "changed": s.Shadow.Summary.Changed, "loosened": s.Shadow.Summary.Loosened,
		"undecided": s.Shadow.Summary.Failed, "dropped": int(s.Shadow.Dropped),
	} {
		collect(ch, prometheus.CounterValue, "nidan_shadow_sign_ins_total",
			"Sign-ins that the shadow was asked about. The count starts again when the policies or the shadow change.", float64(n), "result", name)
	}
}

// collectStatus sends the metrics of one status. Of is the beginning of each help text.
func collectStatus(ch chan<- prometheus.Metric, prefix, of string, s live.Status) {
	if s.Active != nil {
		collect(ch, prometheus.GaugeValue, prefix+"_info", of+"The set of policies that decides.", 1, "revision", s.Active.Revision)
		collect(ch, prometheus.GaugeValue, prefix+"_active_timestamp_seconds", of+"When that set began to decide.", float64(s.Active.Since.Unix()))
	}
	collect(ch, prometheus.CounterValue, prefix+"_activations_total", of+"Sets that were activated.", float64(s.Activations))
	collect(ch, prometheus.CounterValue, prefix+"_refusals_total", of+"Sets that were refused by the gate.", float64(s.Refusals))
	collect(ch, prometheus.GaugeValue, prefix+"_refused", of+"1: the newest set is refused, and an older set decides.",
		one(s.Refused != nil && s.Refused.Current))
	collect(ch, prometheus.GaugeValue, prefix+"_waiting", of+"1: the newest set waits for approval, and an older set decides.",
		one(len(s.Waiting) > 0))
	collect(ch, prometheus.GaugeValue, prefix+"_trouble", of+"1: new policies cannot be read or downloaded.", one(s.Trouble != nil))
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// collect sends one metric. Label is empty, or the name and the value of one label.
func collect(ch chan<- prometheus.Metric, kind prometheus.ValueType, name, help string, n float64, label ...string) {
	var names, values []string
	if len(label) == 2 {
		names, values = label[:1], label[1:]
	}
	ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, n, values...)
}
