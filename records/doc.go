// Package records says what a record is: one line of the journal of sign-ins and changes, what a person may ask of records, and how
// records are counted for the console's overview.
//
// Records belong to what design calls "recorded before its answer goes out": whoever changes something adds the record in the same
// transaction ([Writer]). The package imports package challenge for the names of the states alone.
//
// It does not keep records (package store), does not chain them by hash (package journal), and does not decide who may read them (the
// policies do, asked by server/console).
package records
