package doctor

import (
	"context"

	"nidan/config"
)

// mailTodo has the advice for each reason for which Nidan cannot use the mail server (README.md, "When mail cannot be sent").
var mailTodo = map[string]string{
	"unreachable": "Check mail.smtp.host and mail.smtp.port, and whether the server runs.",
	"tls":         "Check mail.smtp.tls; if you have your own certificate authority, name its certificate in mail.smtp.ca_file.",
	"auth":        "Check mail.smtp.username and mail.smtp.password.",
}

// Mail checks whether Nidan can use the mail server with this configuration. Ask returns nil, or the error and the name of its reason.
func Mail(c config.SMTP, ask func(context.Context) (reason string, err error)) Check {
	return func(ctx context.Context) []Finding {
		reason, err := ask(ctx)
		if err != nil {
			todo := mailTodo[reason]
			if todo == "" {
				todo = "Correct the keys under mail in the configuration."
			}
			return []Finding{problem("mail", err.Error(), todo), mailTLS(c)}
		}
		return []Finding{ok("mail", "the server "+c.Host+" answers, and accepts the user name and password if they are set"), mailTLS(c)}
	}
}

func mailTLS(c config.SMTP) Finding {
	if c.InClear() {
		return warning("mail_tls", "mails go to "+c.Host+" without TLS: anybody on the network can read the codes", "Set mail.smtp.tls to starttls or implicit.")
	}
	return ok("mail_tls", "mails go to the server over TLS, or stay on this machine")
}

// SendMail sends a test mail, without a code. Send is nil if the operator asks for no test mail.
func SendMail(send func(context.Context) error) Check {
	const check = "mail_sent"
	return func(ctx context.Context) []Finding {
		if send == nil {
			return []Finding{notChecked(check, "no test mail was sent, because --mail-to is not given", "To send a test mail, give an address with --mail-to.")}
		}
		if err := send(ctx); err != nil {
			return []Finding{problem(check, err.Error(), "Check the finding mail first, then mail.from, mail.smtp.helo and the settings of the server.")}
		}
		return []Finding{ok(check, "the server has accepted a test mail; check that it arrives")}
	}
}
