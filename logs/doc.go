// Package logs puts what a request is known by on each line that is logged while it is answered: its id, the login flow, the trace. Who
// logs passes the request's context on, and need not know any of them.
//
// It is a package of its own because hooks and server both add to it, and neither may import the other for that. It imports nothing of
// ours and nothing but the standard library.
package logs
