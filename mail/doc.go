// Package mail sends codes to people: a queue that works through the store's outbox, the texts, and SMTP (RFC 5321).
//
// A message enters the store's outbox in the transaction of its challenge, with its code encrypted. The queue tries to send it until
// it is sent, until the server refuses it permanently, until the code expires, or until nobody needs it any more; each end is recorded.
// While the server cannot be used, all messages wait. [Queue.Trouble] says what is wrong. What is delivered is plain
// text and HTML, says that it was sent automatically (Auto-Submitted, RFC 3834), and ends with the line by which mail
// programs and phones fill in a code for the right site only (origin-bound one-time codes).
//
// Each sentence is a text of its own (texts/), so that an operator can replace single sentences. A logo is part of the mail:
// a mail program loads nothing from elsewhere.
//
// The package does not know why a code is sent, and logs neither a code nor whom it is for. It receives no mail: catcher
// does, for the demo and the tests.
package mail
