// Package contract holds the hook to its contract with a model of it: a few functions that say, of one account, what each call is
// answered, written from the documents and not from the code. There are tests only.
//
//   - Histories: many clients call three replicas at once that share one PostgreSQL, over connections that are cut at random, while the
//     clock jumps. Each answer must be one that the model gives for the calls in some order, in which no call comes before one that had
//     ended when it began (linearizability, checked by porcupine).
//   - Sequences: one call after the other, chosen at random, on both databases. Each answer must be the model's.
//
// It is a folder of its own because it needs the hook and what stands behind it, all at once: policies, challenges and the store.
package contract
