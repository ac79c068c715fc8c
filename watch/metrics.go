package watch

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/hooks"
	"nidan/policies"
)

// unavailable is the state of a call in which nobody is let in because something does not work.
const unavailable = "unavailable"

// How a part of a call ended.
const (
	ok     = "ok"
	failed = "failed"
)

func result(fine bool) string {
	if fine {
		return ok
	}
	return failed
}

// The greatest numbers of values of a label: more values would overload a monitoring system. The policies that ship have 20 reasons.
const (
	mostReasons  = 50
	mostChannels = 20
)

// metrics are the metrics of sign-ins.
type metrics struct {
	signIns    *prometheus.CounterVec
	challenges *prometheus.CounterVec
	calls      *prometheus.HistogramVec
	decisions  *prometheus.HistogramVec
	store      *prometheus.HistogramVec
	mail       *prometheus.HistogramVec

	reasons, channels *bounded
}

func newMetrics(named func(string) bool) metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	waiting := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
	m := metrics{
		signIns: counter("nidan_sign_ins_total", "Sign-ins by what the policies decided, why, and for which channel. A submission that "+
			"Kratos repeats counts once. Reasons that no policy gave: undecided, not_understood, not_recorded, panic, too_many_wrong_codes.",
			"action", "reason", "channel"),
		challenges: counter("nidan_challenges_total", "Sign-ins for which the policies asked a second step, by how they were answered: "+
			"code_sent, code_mismatch, passed and so on.", "state"),
		calls: histogram("nidan_hook_duration_seconds", "How long calls from Kratos took, by hook and by how they ended: let_through, "+
			"interrupted, unavailable (nobody is let in because something does not work) or repeated.", waiting, "hook", "outcome"),
		decisions: histogram("nidan_decision_duration_seconds", "How long the policies took to decide a sign-in, masking included.",
			[]float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5}, "result"),
		store: histogram("nidan_store_duration_seconds", "How long the hooks waited for the database, by operation: situation reads what a "+
			"decision rests on, update is a unit of work.", waiting, "operation", "result"),
		mail: histogram("nidan_mail_duration_seconds", "How long it took to hand a mail to the mail server, or to fail to.",
			[]float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "result"),
		reasons: newBounded(mostReasons, named, hooks.Reasons...), channels: newBounded(mostChannels, named),
	}
	m.prepare()
	return m
}

// prepare makes the series whose labels are known. Otherwise a series would first appear with a failure, and have no rate for this failure.
func (m *metrics) prepare() {
	for _, outcome := range []string{"let_through", "interrupted", unavailable, hooks.Repeated} {
		m.calls.WithLabelValues(hooks.HookLogin, outcome)
		m.calls.WithLabelValues(hooks.HookSettings, outcome)
	}
	for _, r := range []string{ok, failed} {
		m.decisions.WithLabelValues(r)
		m.mail.WithLabelValues(r)
		m.store.WithLabelValues("situation", r)
		m.store.WithLabelValues("update", r)
	}
	for _, s := range []challenge.State{
		challenge.Passed, challenge.CodeSent, challenge.CodeResent, challenge.Cancelled, challenge.CodeMismatch, challenge.CodeExpired,
		challenge.AttemptsExceeded, challenge.SignInAgain, challenge.TooManyCodes, challenge.Refused, unavailable,
		challenge.State(exchange.StepAAL2Needed),
	} {
		m.challenges.WithLabelValues(string(s))
	}
}

// ended counts a call. The caller has already bounded the reason and the channel.
func (m *metrics) ended(hook string, e hooks.Ended, took time.Duration) {
	m.calls.WithLabelValues(hook, outcome(e.State)).Observe(took.Seconds())
	if hook != hooks.HookLogin || e.State == hooks.Repeated {
		return
	}
	m.signIns.WithLabelValues(cmp.Or(string(e.Action), "none"), e.Reason, e.Channel).Inc()
	if e.Action == policies.ActionChallenge {
		m.challenges.WithLabelValues(e.State).Inc()
	}
}

func outcome(state string) string {
	switch state {
	case "allowed", string(challenge.Passed), string(exchange.StepAAL2Needed):
		return "let_through"
	case unavailable, hooks.Repeated:
		return state
	}
	return "interrupted"
}

func (m *metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.signIns, m.challenges, m.calls, m.decisions, m.store, m.mail}
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.all() {
		c.Describe(ch)
	}
}

// Collect implements [prometheus.Collector].
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.all() {
		c.Collect(ch)
	}
}
