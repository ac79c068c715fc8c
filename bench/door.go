package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"regexp"
	"time"

	"nidan/mail/catcher"
)

// door is a Kratos that people sign in to, and the mail server that receives their codes.
type door struct {
	dir           string
	public, admin string // Kratos' addresses
	smtp          string
	kratos        *server
	nidan         *server // nil: this Kratos calls no hook
	mailbox       *catcher.Catcher
	client        *http.Client
}

// newDoor returns a door at which only the mail server runs.
func (b *bench) newDoor() (*door, error) {
	dir, err := b.folder()
	if err != nil {
		return nil, err
	}
	mailbox, smtp, err := mailServer()
	if err != nil {
		return nil, err
	}
	return &door{
		dir: dir, public: freeAddress(), admin: freeAddress(), smtp: smtp, mailbox: mailbox,
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}},
	}, nil
}

func (d *door) close() {
	if d.kratos != nil {
		d.kratos.stop()
	}
	if d.nidan != nil {
		d.nidan.stop()
	}
	d.mailbox.Close()
	os.RemoveAll(d.dir)
}

// nidanDoor starts Nidan, and a Kratos that calls Nidan.
func (b *bench) nidanDoor(ctx context.Context, d *door) (err error) {
	d.nidan, err = b.nidan(ctx, d.dir, d.smtp, func(p *program) {
		p.env = append(p.env, "NIDAN_KRATOS_PUBLIC_URL=http://"+d.public, "NIDAN_KRATOS_ADMIN_URL=http://"+d.admin)
	})
	if err != nil {
		return err
	}
	if err := b.kratosFiles(d); err != nil {
		return err
	}
	return d.startKratos(ctx)
}

// bareDoor starts the same Kratos without hooks.
func (b *bench) bareDoor(ctx context.Context, d *door) error {
	if err := b.kratosFiles(d, noHooks); err != nil {
		return err
	}
	return d.startKratos(ctx)
}

// ownCodeDoor starts the same Kratos with its own second factor, and with its courier, which sends the mail.
func (b *bench) ownCodeDoor(ctx context.Context, d *door) error {
	if err := b.kratosFiles(d, noHooks, ownCode(d.smtp)); err != nil {
		return err
	}
	return d.startKratos(ctx, "--watch-courier")
}

var sixDigits = regexp.MustCompile(`(?m)^\d{6}$`)

// codeFor asks for a code. It returns the code, and the time from the answer until the mail came.
func (d *door) codeFor(who string, ask func() error) (code string, waited time.Duration, err error) {
	old := len(d.mailsTo(who))
	if err := ask(); err != nil {
		return "", 0, err
	}
	asked := time.Now()
	mails := d.mailsTo(who)
	for ; len(mails) == old; mails = d.mailsTo(who) {
		if time.Since(asked) > 30*time.Second {
			return "", 0, errors.New("the mail with the code did not come")
		}
		time.Sleep(5 * time.Millisecond)
	}
	return sixDigits.FindString(mails[0].Text), time.Since(asked), nil
}

func (d *door) mailsTo(who string) (mails []catcher.Message) {
	for _, m := range d.mailbox.Messages() {
		if m.To == who+"@example.com" {
			mails = append(mails, m)
		}
	}
	return mails
}
