// Package policies holds the Rego policies that ship, and the engine that loads and asks them.
//
// One folder is one Rego package, with its tests beside it: login/ is data.nidan.login. data.json has every number and name that a
// security team may want to change; README.md explains each. The engine uses OPA's rego package. It compiles a set of policies
// once: in strict mode, with types from the schema of [Input], and without any built-in function for the network, the clock or
// random numbers. If the answer is undefined, contradictory or not a valid [Decision], or if the evaluation fails, the engine
// returns an error, and the caller refuses the sign-in. The fields of a decision say what Nidan does: no Go code depends on a
// reason.
//
// A layer ([Over]) changes some parameters of the shipped policies, or adds rules in the packages below data.custom, where the
// shipped policies ask for them. Everything else stays as shipped.
//
// A set of policies passes a gate ([Check]) before it decides about anybody. The gate compares its data and its answers with the
// schemas in schema/, which are generated from the structs here, and runs its tests. The set itself says which facts of a sign-in
// are masked in the record (data.nidan.records.mask). [Engine.Explain] says how a decision was made. A [Memo] makes one decision
// for all inputs that the policies cannot distinguish. Both are for people who examine past sign-ins. Package policies/live keeps a
// set up to date.
//
// The package has no rule about whether a second step is needed: Go gives the facts, and Rego decides.
package policies
