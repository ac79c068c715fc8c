// Package store keeps challenges, settings, answers and records in one SQL database: SQLite inside the process, or PostgreSQL.
//
// It implements [nidan/exchange.Store]: one transaction per unit of work, and never two units of work at once for the same account.
// Each statement is written once, with placeholders like $1, and times are Unix microseconds, so both databases run the same
// statements; each database has its own migrations. The few parts of statements that differ are in the type dialect. Package
// storetest has the tests that both databases must pass. Package store decides nothing and sends nothing: a message waits in a table
// until package mail takes it ([nidan/mail.Outbox]). Before, River, a queue for SQL databases, kept the messages: on SQLite it needed
// half a millisecond of processor time to queue one message, about twenty times as much as the table needs.
package store
