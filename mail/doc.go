// Package mail is how a code reaches a person: a queue that works through the store's outbox, the texts, and SMTP (RFC 5321).
//
// A message enters the store's outbox in the transaction of its challenge, its code sealed. From there it is tried until
// it is sent, until the server refuses it for good, until the code expires, or until it is not wanted any more; each end is recorded.
// While the server is not to be had, all wait. What is wrong is told ([Queue.Trouble]). What is delivered is plain
// text and HTML, says that it was sent automatically (Auto-Submitted, RFC 3834), and ends with the line by which mail
// programs and phones fill in a code for the right site only (origin-bound one-time codes).
//
// The texts are one for each sentence (texts/), so that an operator can have some in other words. A logo goes along within the mail:
// nothing is loaded from anywhere when the mail is read.
//
// The package does not know why a code is sent, and logs neither a code nor whom it is for. It receives no mail: catcher
// does, for the demo and the tests.
package mail
