// Package records says what a record is: one line of the journal of sign-ins and changes, what a person may ask of records, and how
// records are counted for the console's overview.
//
// A record is written before the answer goes out, in the same transaction as the change that it describes ([Writer]): without a record,
// there is no sign-in. The package imports package challenge for the names of the states only.
//
// It does not keep records (package store), does not chain them by hash (package journal), and does not decide who may read them (the
// policies do, asked by server/console).
package records
