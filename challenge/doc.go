// Package challenge is the domain: a second step is issued to one account for one sign-in, answered at most once,
// within a time and a number of tries.
//
// It follows NIST SP 800-63B-4 §3.1.3.2 (six digits at least, ten minutes at most, accepted once) and OWASP ASVS 5.0
// V6.5 and V6.6 (random, bound to the request it was issued for, rate limited), with one exception that it shares with
// the manual it was built from: the code travels by e-mail, which §3.1.3.1 does not accept as an out-of-band
// authenticator. A sign-in with such a challenge is therefore not AAL2.
//
// The package says what must be stored and sent ([Tx]), and other packages store and send it: this package has no
// SQL, no HTTP and no SMTP, gets its clock and its randomness from outside, and imports nothing of this project. It does
// not decide *whether* a second step is needed; the policies do.
package challenge
