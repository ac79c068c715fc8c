// Package catcher is a mail server that keeps what it is sent and hands nothing on: the demo's and the tests' place for mail
// to arrive. It speaks SMTP (RFC 5321) to whoever comes, without TLS or AUTH, and shows the mails as a page and as JSON. It
// belongs on loopback, and in no production.
package catcher
