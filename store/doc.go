// Package store keeps challenges, settings, answers and records in one SQL database, in SQLite inside the process.
//
// It implements [nidan/challenge.Store]: one transaction per unit of work, and never two at once for the same account.
// Statements are written once with $1-style placeholders, times are Unix microseconds, so that a second dialect needs its
// own migrations and little else; storetest holds the tests that every dialect has to pass. The package decides nothing and
// sends nothing: what a transaction takes on its way is handed to an [Outbox].
package store
