// Package logs puts the attributes of a request on each line that is logged while the request is answered: its id, the login flow, the
// trace. Code that logs only passes on the request's context, and need not know the attributes.
//
// It is a package of its own because hooks and server both add attributes, and neither may import the other. It imports nothing but the
// standard library.
package logs
