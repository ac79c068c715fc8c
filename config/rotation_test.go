package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestWhatRotatesIsTakenAndTheRestIsNamed(t *testing.T) {
	old, next := valid(), valid()
	old.Mail.SMTP.Host = "localhost"
	next.Secrets = []string{strings.Repeat("n", 32), old.Secrets[0]}
	next.Hooks.Tokens = []string{strings.Repeat("u", 32)}
	next.Mail.SMTP.Username, next.Mail.SMTP.Password = "another", "pass"
	next.DecisionLog.Token, next.Status.Token = "log-token", "status-token"
	next.Public.Listen, next.Database, next.Mail.SMTP.Host = "127.0.0.1:1", "sqlite:other.db", "mail.example.com"
	r, err := old.Rotate(next)
	if err != nil {
		t.Fatal(err)
	}
	want := next
	want.Public.Listen, want.Database, want.Mail.SMTP.Host = old.Public.Listen, old.Database, old.Mail.SMTP.Host
	if !reflect.DeepEqual(r.Config, want) {
		t.Errorf("got %v, want %v", r.Config, want)
	}
	if want := []string{"secrets", "hooks.tokens", "decision_log.token", "status.token", "mail.smtp.username", "mail.smtp.password"}; !slices.Equal(r.Taken, want) {
		t.Errorf("taken: got %v, want %v", r.Taken, want)
	}
	if want := []string{"database", "public.listen", "mail.smtp.host"}; !slices.Equal(r.Waiting, want) {
		t.Errorf("waiting: got %v, want %v", r.Waiting, want)
	}
}

func TestAPasswordIsNotTakenWithoutTheTLSThatWaitsForARestart(t *testing.T) {
	old := valid()
	old.Mail.SMTP.Host, old.Mail.SMTP.TLS = "mail.example.com", "none"
	next := old
	next.Mail.SMTP.TLS, next.Mail.SMTP.Username, next.Mail.SMTP.Password = "starttls", "u", "the-password"
	if err := next.Validate(); err != nil {
		t.Fatal(err)
	}
	_, err := old.Rotate(next)
	if err == nil || !strings.Contains(err.Error(), "mail.smtp.password") || strings.Contains(err.Error(), "the-password") {
		t.Errorf("got %v", err)
	}
}

func TestAUserThatRotatesCanStandInAFileOfItsOwn(t *testing.T) {
	c, err := Load("", with("NIDAN_MAIL_SMTP_USERNAME_FILE="+write(t, "u\n"), "NIDAN_MAIL_SMTP_PASSWORD_FILE="+write(t, "p\n")))
	if err != nil || c.Mail.SMTP.Username != "u" || c.Mail.SMTP.Password != "p" {
		t.Errorf("got %v, %v", c, err)
	}
}
