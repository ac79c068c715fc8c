// Package contract compares the hook with a model of its contract. The model is a few functions that compute the answer to each call for one
// account. It was written from the documents (design.md, policies/README.md) and not from the code. The package has tests only.
//
//   - Histories: many clients call three replicas at the same time. The replicas share one PostgreSQL, their connections are cut at random,
//     and the clock jumps. There must be an order of the calls in which the model gives all of the answers, and in which no call comes
//     before a call that had ended earlier (linearizability, checked by porcupine).
//   - Sequences: random calls, one after the other, on both databases. Each answer must be the model's.
//
// The package is apart from package hooks because it needs the hook together with the policies, the challenges and the store.
package contract
