// Package catcher is a mail server that keeps what it is sent and hands nothing on: a demo and tests need somewhere for
// mail to arrive. It speaks SMTP (RFC 5321) to whoever comes, without TLS or AUTH, and shows the mails as a page and as
// JSON. It forgets them when it ends, and the oldest before. It belongs on loopback, and in no production.
package catcher
