// Package store keeps challenges, settings, answers and records in one SQL database, in SQLite inside the process.
//
// It implements [nidan/exchange.Store]: one transaction per unit of work, and never two at once for the same account.
// Statements are written once with $1-style placeholders, times are Unix microseconds, so that a second dialect needs its
// own migrations and little else; storetest holds the tests that every dialect has to pass. The package decides nothing and
// sends nothing: a message waits in a table until package mail takes it ([nidan/mail.Outbox]). River, a queue for SQL databases, did
// that before: on SQLite it took half a millisecond of processor time to put one message in, about twenty times what the table takes.
package store
