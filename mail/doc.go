// Package mail sends codes to people: a queue that works through the store's outbox, the texts, and SMTP (RFC 5321).
//
// A message enters the store's outbox in the transaction of its challenge, with its code encrypted. The queue tries to send the message
// until the message is sent, until the server refuses it permanently, until the code expires, or until nobody needs the code any more.
// Each end is recorded. While the server cannot be used, all messages wait. [Queue.Trouble] says what is wrong. A mail has a plain text
// part and an HTML part. It says that it was sent automatically (Auto-Submitted, RFC 3834). Its last line names the site, so that mail
// programs and phones fill the code in on this site only (origin-bound one-time codes).
//
// Each sentence is a text of its own (texts/), so that an operator can replace single sentences. A logo is embedded in the mail,
// because mail programs do not load images from the network.
//
// The package does not know why a code is sent. It logs neither a code nor a receiver's address. It receives no mail; package catcher
// does, for the demo and the tests.
package mail
