// Package policies is what is decided: the Rego policies that ship, and the engine that loads and asks them.
//
// One folder is one Rego package, with its tests beside it: login/ is data.nidan.login. data.json holds every number and
// name that a security team would want to change; README.md explains each. The engine (OPA's rego package) compiles a set
// of policies once, strictly, typed against the schema of [Input], without any built-in that reaches the network, the
// clock or a random number, and then only answers. Whatever is undefined, conflicting, failing or not a valid [Decision]
// is an error, and its caller refuses. A decision says what is done in fields of its own: Go acts upon no reason.
//
// A layer ([Over]) says one thing otherwise than the policies that ship, or has rules at the places that these ask for, in the packages
// below data.custom; the rest stays as it ships.
//
// A set of policies passes a gate ([Check]) before it decides about anybody: its data and its answers are compared with the schemas of
// schema/, which are those of the structs here, and its tests are run. It says itself what of a sign-in may be kept
// (data.nidan.records.mask). [Engine.Explain] says how a decision comes about, and a [Memo] decides once what the policies cannot
// tell apart; both are for people who look back. Keeping a set up to date is policies/live's.
//
// The package holds no rule about whether a second step is needed: Go gives facts, Rego decides.
package policies
