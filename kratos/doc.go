// Package kratos is Kratos' side of the exchange: the configuration, identity schema and hook body that a Kratos in front
// of Nidan runs with, how an identity is read, and the client for Kratos' admin API.
//
// It also builds and starts a real Kratos, for the demo and the tests. The server is built from its Go module, in a module
// of its own, so that its dependencies never meet Nidan's. That module is kept as server/server.mod and server/server.sum:
// a folder with a go.mod could not be embedded into the program, and the demo has to work from the program alone.
//
// The package decides nothing and stores nothing.
package kratos
