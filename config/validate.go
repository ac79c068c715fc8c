package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
)

// minSecret is the least length of a secret or a token: below it, one could be found by trying.
const minSecret = 32

// Validate says all that is wrong, a line each. It names keys and never a secret's value.
func (c Config) Validate() error {
	path, sqlite := strings.CutPrefix(c.Database, "sqlite:")
	from, fromErr := mail.ParseAddress(c.Mail.From)
	rules := []struct {
		bad bool
		msg string
	}{
		{!sqlite || path == "", "database: must be sqlite:PATH"},
		{len(c.Secrets) == 0, "secrets: give at least one, for example from: openssl rand -hex 32"},
		{anyShort(c.Secrets), fmt.Sprintf("secrets: each must have at least %d characters", minSecret)},
		{badListen(c.Public.Listen), "public.listen: must be host:port"},
		{badURL(c.Public.URL), "public.url: must be an http or https address without a path, such as https://login.example.com"},
		{badListen(c.Hooks.Listen), "hooks.listen: must be host:port"},
		{len(c.Hooks.Tokens) == 0, "hooks.tokens: give one, for example from: openssl rand -hex 32"},
		{len(c.Hooks.Tokens) > 2, "hooks.tokens: give two at the most"},
		{anyShort(c.Hooks.Tokens), fmt.Sprintf("hooks.tokens: each must have at least %d characters", minSecret)},
		{anySpace(c.Hooks.Tokens), "hooks.tokens: must not have spaces or line breaks"},
		{badURL(c.Kratos.PublicURL), "kratos.public_url: must be an http or https address without a path"},
		{badURL(c.Kratos.AdminURL), "kratos.admin_url: must be an http or https address without a path"},
		{c.Settings.RememberDays < 1 || c.Settings.RememberDays > 365, "settings.remember_days: must be 1 to 365"},
		{fromErr != nil || strings.ContainsAny(c.Mail.From, "\r\n"), "mail.from: must be an address, such as Nidan <nidan@example.com>"},
		{fromErr == nil && !strings.Contains(from.Address, "@"), "mail.from: must be an address"},
		{c.Mail.Brand == "" || strings.ContainsAny(c.Mail.Brand, "\r\n"), "mail.brand: must be one line, not empty"},
		{c.Mail.SMTP.Host == "", "mail.smtp.host: is missing"},
		{c.Mail.SMTP.Port < 1 || c.Mail.SMTP.Port > 65535, "mail.smtp.port: must be 1 to 65535"},
		{!slices.Contains([]string{"starttls", "implicit", "none"}, c.Mail.SMTP.TLS),
			"mail.smtp.tls: must be starttls, implicit or none"},
		{c.Mail.SMTP.Username != "" && c.Mail.SMTP.TLS == "none",
			"mail.smtp.username: a password is not sent without TLS; set mail.smtp.tls, or leave it empty"},
		{c.Mail.SMTP.Timeout < time.Second || c.Mail.SMTP.Timeout > time.Minute, "mail.smtp.timeout: must be 1s to 60s"},
		{!slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level),
			"log.level: must be debug, info, warn or error"},
		{!slices.Contains([]string{"text", "json"}, c.Log.Format), "log.format: must be text or json"},
	}
	var errs []error
	for _, r := range rules {
		if r.bad {
			errs = append(errs, errors.New(r.msg))
		}
	}
	return errors.Join(append(errs, c.Identity.validate()...)...)
}

// validate checks the pointers. Role and flag are taken from metadata_public alone: whoever can change his own traits could
// otherwise switch his second step off.
func (i Identity) validate() (errs []error) {
	for _, p := range []struct{ key, pointer string }{
		{"account", i.Account}, {"name", i.Name}, {"email", i.Email}, {"locale", i.Locale},
	} {
		if !strings.HasPrefix(p.pointer, "/traits/") && !strings.HasPrefix(p.pointer, "/metadata_public/") {
			errs = append(errs, fmt.Errorf("identity.%s: must begin with /traits/ or /metadata_public/", p.key))
		}
	}
	for _, p := range []struct{ key, pointer string }{{"role", i.Role}, {"two_factor", i.TwoFactor}} {
		if !strings.HasPrefix(p.pointer, "/metadata_public/") {
			errs = append(errs, fmt.Errorf(
				"identity.%s: must begin with /metadata_public/, because an account's holder can change its traits", p.key))
		}
	}
	return errs
}

func anyShort(list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return len(s) < minSecret })
}

func anySpace(list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.ContainsAny(s, " \t\r\n") })
}

func badListen(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err != nil || port == ""
}

func badURL(s string) bool {
	u, err := url.Parse(s)
	return err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil
}
