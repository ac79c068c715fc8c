package doctor

import (
	"context"

	"nidan/config"
)

// mailTodo says what to look at, by the reason for which a mail server is not to be had (README.md, "When mail cannot be sent").
var mailTodo = map[string]string{
	"unreachable": "Look at mail.smtp.host and mail.smtp.port, and whether the server runs.",
	"tls":         "Look at mail.smtp.tls; mail.smtp.ca_file names an authority of your own.",
	"auth":        "Look at mail.smtp.username and mail.smtp.password.",
}

// Mail looks whether the mail server is to be had as the configuration says. Ask returns why it is not, and the reason by its name.
func Mail(c config.SMTP, ask func(context.Context) (reason string, err error)) Check {
	return func(ctx context.Context) []Finding {
		reason, err := ask(ctx)
		if err != nil {
			todo := mailTodo[reason]
			if todo == "" {
				todo = "Correct mail in the configuration."
			}
			return []Finding{problem("mail", err.Error(), todo), mailTLS(c)}
		}
		return []Finding{ok("mail", "the server "+c.Host+" answers, and takes the user name and password if there are any"), mailTLS(c)}
	}
}

func mailTLS(c config.SMTP) Finding {
	if c.InClear() {
		return warning("mail_tls", "mails go to "+c.Host+" in the clear: everybody on the way can read the codes", "Set mail.smtp.tls to starttls or implicit.")
	}
	return ok("mail_tls", "mails reach the server over TLS, or on this machine")
}

// SendMail sends a mail without a code. Send is nil where none is asked for.
func SendMail(send func(context.Context) error) Check {
	const check = "mail_sent"
	return func(ctx context.Context) []Finding {
		if send == nil {
			return []Finding{notChecked(check, "no test mail is asked for", "Give an address with --mail-to.")}
		}
		if err := send(ctx); err != nil {
			return []Finding{problem(check, err.Error(), "Look at the finding mail first, then at mail.from, mail.smtp.helo and the server's own settings.")}
		}
		return []Finding{ok(check, "the server has taken a test mail; look whether it arrives")}
	}
}
