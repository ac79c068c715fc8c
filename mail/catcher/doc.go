// Package catcher is a mail server that keeps the mails that it receives and does not forward them. A demo and tests need such a
// server. It accepts SMTP (RFC 5321) from every client, without TLS or AUTH, and shows the mails as a page and as JSON. It keeps the
// newest mails only, in memory, and loses them when it ends. Run it on loopback only, and never in production.
package catcher
