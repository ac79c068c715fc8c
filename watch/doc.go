// Package watch measures and traces sign-ins, for those who run Nidan: how many there are and how they end, how long a call and each of its
// parts take, and, if that is switched on, which parts a trace of Kratos' goes on through.
//
// It stands around what it measures, and is a package of its own so that neither the hooks nor the store nor the mail know of Prometheus
// or of OpenTelemetry: they are told of contexts and functions alone. It has no say in anything: what it stands around is called with
// what it was called with, and its answer is handed on as it is.
//
// Nothing that is measured or traced holds a code, a token, a secret or an address. What policies, and so perhaps clients, put into words
// is bounded before it becomes a label.
package watch
