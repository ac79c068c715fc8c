// Package storetest has the tests that every database of the store must pass. They check what [nidan/exchange.Store] promises, on a
// real database. Only tests import this package.
package storetest
