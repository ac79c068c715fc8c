// Package hooks answers Kratos' calls: it reads the body of the web hook, asks the policies, takes the challenge a step
// further, and answers in the form that Kratos understands.
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
// A call is carried out once: Kratos may make the same call up to three times, and the repeats get the first answer. All that
// a call changes is written in one transaction with its record, so that no sign-in is let in without a record.
//
// If a decision depends on the second factors that the account has in Kratos, the package looks them up and asks the policies again. An
// account with a factor may be let in to show it, with a session that has no capability until Kratos has asked for the factor.
//
// The package refuses a call that is marked as nidan doctor's ([DoctorHeader]) before it reads the call. So a configuration can be tried on
// the running program.
//
// The package decides nothing: the policies say whether a code is needed, and package challenge says whether a code is correct.
package hooks
