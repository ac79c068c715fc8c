// Package hooks is what Kratos calls: it reads Kratos' web-hook body, asks the policies, takes the challenge a step
// further and answers in the only words that Kratos understands.
//
//	POST /hooks/login                    somebody has proven who they are; 204 lets the sign-in go on
//	POST /hooks/login/after-password     the same, under its older name
//	POST /hooks/settings?method=totp     a change of how somebody signs in, by that method of Kratos'; 204 lets it be kept.
//	                                     With method=any, somebody is about to begin one
//	POST /hooks/settings/after-password  the same as method=password, for older configurations
//
// 400 with messages interrupts what Kratos was about to do, and nothing but 204 and 400 is ever
// answered to a call that carries the right token. That matters, because Kratos reads any other status below 400 as "go
// on", and calls again on 429 and 5xx, throwing the body away (measured on Kratos v1.3.1 and v26.2.0).
//
// A call is answered once: Kratos may make the same one up to three times, and the repeats get the first answer. All that
// a call changes is one unit of work with its record, so that nothing is let in that is not on record.
//
// Where a decision turns on which second factors Kratos has of the account, they are looked up, and the policies are asked once more. Who
// has one may be let in for it, with a session that is worth nothing until Kratos has asked for the factor.
//
// A call that is marked as nidan doctor's ([DoctorHeader]) is refused before it is read, so that a configuration can be tried on the
// running program.
//
// The package decides nothing: policies say whether a code is needed, challenge says whether it was right.
package hooks
