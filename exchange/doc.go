// Package exchange says what Nidan reads and keeps of one exchange with Kratos: the [Call], the [Situation] that it is decided in, the
// [Delivery] that a repeat of the call is answered from, and the [SignIn] that it ended in.
//
// [Store] carries out one exchange in one transaction ([Tx]), together with the challenge, the mail and the record that belong to it: all
// of them are kept, or none is. The console changes settings and devices in such a transaction, too, because a change and its record
// belong together in the same way.
//
// The package has no rule of its own: package hooks answers the call, package challenge has the rules of a second step, and package store
// keeps what is named here.
package exchange
