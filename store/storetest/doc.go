// Package storetest holds the tests that every dialect of the store has to pass: what [nidan/exchange.Store] promises,
// tried on a real database. It is imported by tests only.
package storetest
