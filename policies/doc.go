// Package policies holds the Rego policies that ship, and the engine that loads and asks them.
//
// One folder is one Rego package, with its tests beside it: login/ is data.nidan.login. data.json has every number and
// name that a security team may want to change; README.md explains each. The engine (OPA's rego package) compiles a set
// of policies once, strictly, typed against the schema of [Input], without any built-in that reaches the network, the
// clock or a random number, and then only answers. An answer that is undefined, contradictory, failed or not a valid [Decision]
// is an error, and the caller refuses the sign-in. A decision says in its fields what Nidan does: Go code does nothing because of a reason.
//
// A layer ([Over]) changes some parameters of the policies that ship, or adds rules where these ask for them, in the packages below
// data.custom; everything else stays as it ships.
//
// A set of policies passes a gate ([Check]) before it decides about anybody: its data and its answers are compared with the schemas of
// schema/, which are those of the structs here, and its tests are run. It says itself what of a sign-in may be kept
// (data.nidan.records.mask). [Engine.Explain] says how a decision is made, and a [Memo] decides inputs only once if the policies cannot
// distinguish them; both are for people who look at past sign-ins. Package policies/live keeps a set up to date.
//
// The package holds no rule about whether a second step is needed: Go gives facts, Rego decides.
package policies
