// Package kratos is Kratos' side of the exchange. It has the configuration, the identity schema and the hook body for a Kratos that calls
// Nidan, it reads the facts in an identity, and it has the clients of Kratos' admin API and public API.
//
// It also builds and starts a real Kratos, for the demo and the tests. Kratos is built from its Go module, in a module of its own, so that
// its dependencies do not change the versions of Nidan's. This module is kept as server/server.mod and server/server.sum: the go command
// cannot embed a folder with a go.mod, and the demo must work from the program alone.
//
// The package decides nothing and stores nothing.
package kratos
