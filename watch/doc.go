// Package watch measures and traces sign-ins, for the operators of Nidan: how many sign-ins there are and how they end, how long a call and
// each of its parts take, and, if tracing is switched on, through which parts a trace of Kratos goes on.
//
// It wraps the parts that it measures. It is a package of its own so that the hooks, the store and the mail do not know Prometheus and
// OpenTelemetry: they see only contexts and functions. It decides nothing: it passes a call on to the wrapped part, with the trace added,
// and returns the part's answer unchanged.
//
// No measurement and no trace contains a code, a token, a secret or an address. Texts of policies, and so perhaps of clients, are bounded
// before they become labels.
package watch
