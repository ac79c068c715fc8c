package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // for machines and images that have no time zones
)

const (
	minSecretLength = 32 // bytes: the length of the keys that Nidan derives from a secret
	minTokenLength  = 32 // characters: an attacker cannot guess so many over a network
	maxTokens       = 2  // the current token and the next one
	maxRememberDays = 365
)

// checked is a key and the problem of its value.
type checked struct {
	key     string
	problem string // empty: the value is valid
}

// Validate returns all problems in one error, each with its key and what to do. The error contains no secret. Nil: the configuration is
// valid.
func (c Config) Validate() error {
	var problems []error
	for _, check := range slices.Concat([]checked{
		{"database", databaseProblem(c.Database)},
		{"secrets", secretsProblem(c.Secrets)},
		{"public.listen", listenProblem(c.Public.Listen)},
		{"public.url", publicURLProblem(c.Public.URL)},
		{"public.trusted_proxies", networksProblem(c.Public.TrustedProxies)},
		{"public.return_to", originsProblem(c.Public.ReturnTo)},
		{"public.limits.body", rangeProblem(c.Public.Limits.Body, 1024, 16384)},
		{"public.limits.headers", rangeProblem(c.Public.Limits.Headers, 2048, 16384)},
		{"public.limits.header", rangeProblem(c.Public.Limits.Header, 1024, 8192)},
		{"public.limits.address", rangeProblem(c.Public.Limits.Address, 512, 4096)},
		{"public.limits.depth", rangeProblem(c.Public.Limits.Depth, 4, 256)},
		{"hooks.listen", listenProblem(c.Hooks.Listen)},
		{"hooks.listen", sharedProblem(c)},
		{"hooks.tokens", tokensProblem(c.Hooks.Tokens)},
		{"hooks.tokens", reusedProblem(c)},
		{"kratos.public_url", urlProblem(c.Kratos.PublicURL)},
		{"kratos.admin_url", urlProblem(c.Kratos.AdminURL)},
		{"kratos.session_cookie", cookieProblem(c.Kratos.SessionCookie)},
		{"identity.account", pointerProblem(c.Identity.Account)},
		{"identity.name", pointerProblem(c.Identity.Name)},
		{"identity.email", pointerProblem(c.Identity.Email)},
		{"identity.role", trustedPointerProblem(c.Identity.Role)},
		{"identity.two_factor", trustedPointerProblem(c.Identity.TwoFactor)},
		{"identity.locale", pointerProblem(c.Identity.Locale)},
		{"identity.locked", trustedPointerProblem(c.Identity.Locked)},
		{"identity.password_expired", trustedPointerProblem(c.Identity.PasswordExpired)},
		{"identity.plan", trustedPointerProblem(c.Identity.Plan)},
		{"policies.data", layerProblem(c.Policies)},
		{"policies.shadow_bundle.keep_dir", keptTwiceProblem(c.Policies)},
		{"policies.require.tests", rangeProblem(c.Policies.Require.Tests, 0, 100_000)},
		{"policies.require.coverage", rangeProblem(c.Policies.Require.Coverage, 0, 100)},
		{"policies.require.loosening", oneOfProblem(c.Policies.Require.Loosening, "allow", "approve")},
		{"policies.time_limit", betweenProblem(c.Policies.TimeLimit, 10*time.Millisecond, 2*time.Second)},
		{"policies.time_zone", timeZoneProblem(c.Policies.TimeZone)},
		{"records.keep_days", rangeProblem(c.Records.KeepDays, 0, 3650)},
		{"records.checkpoint_key", checkpointKeyProblem(c.Records.CheckpointKey)},
		{"decision_log.url", decisionLogProblem(c.DecisionLog)},
		{"decision_log.min_delay", delayProblem(c.DecisionLog.MinDelay, time.Second, time.Hour)},
		{"decision_log.max_delay", delayProblem(c.DecisionLog.MaxDelay, c.DecisionLog.MinDelay, time.Hour)},
		{"status.url", statusProblem(c.Status)},
		{"status.interval", delayProblem(c.Status.Interval, time.Second, time.Hour)},
		{"settings.remember_days", rangeProblem(c.Settings.RememberDays, 1, maxRememberDays)},
		{"brand.name", brandProblem(c.Brand.Name)},
		{"brand.logo_dark", darkLogoProblem(c.Brand)},
		{"brand.help_url", linkProblem(c.Brand.HelpURL)},
		{"brand.privacy_url", linkProblem(c.Brand.PrivacyURL)},
		{"mail.from", fromProblem(c.Mail.From)},
		{"mail.brand", oldBrandProblem(c)},
		{"mail.smtp.host", hostProblem(c.Mail.SMTP.Host)},
		{"mail.smtp.port", rangeProblem(c.Mail.SMTP.Port, 1, 65535)},
		{"mail.smtp.connections", rangeProblem(c.Mail.SMTP.Connections, 1, 500)},
		{"mail.smtp.tls", oneOfProblem(c.Mail.SMTP.TLS, "starttls", "implicit", "none")},
		{"mail.smtp.password", passwordProblem(c.Mail.SMTP)},
		{"mail.smtp.timeout", betweenProblem(c.Mail.SMTP.Timeout, time.Second, time.Minute)},
		{"mail.smtp.ca_file", caFileProblem(c.Mail.SMTP)},
		{"mail.smtp.helo", heloProblem(c.Mail.SMTP.Helo)},
		{"log.level", oneOfProblem(c.Log.Level, "debug", "info", "warn", "error")},
		{"log.format", oneOfProblem(c.Log.Format, "text", "json")},
		{"shutdown.notice", betweenProblem(c.Shutdown.Notice, 0, time.Minute)},
		{"shutdown.linger", betweenProblem(c.Shutdown.Linger, 0, 10*time.Second)},
	},
		bundleChecks("policies.bundle", c.Policies.Bundle, "policies.dir", c.Policies.Dir),
		bundleChecks("policies.shadow_bundle", c.Policies.ShadowBundle, "policies.shadow_dir", c.Policies.ShadowDir),
	) {
		if check.problem != "" {
			problems = append(problems, fmt.Errorf("%s: %s", check.key, check.problem))
		}
	}
	return errors.Join(problems...)
}

// validateWithoutSecrets is Validate for a configuration that need not have secrets. It puts a valid value in place of each missing
// secret, and validates the result.
func (c Config) validateWithoutSecrets() error {
	if len(c.Secrets) == 0 {
		c.Secrets = []string{strings.Repeat("s", minSecretLength)}
	}
	if len(c.Hooks.Tokens) == 0 {
		c.Hooks.Tokens = []string{strings.Repeat("t", minTokenLength)}
	}
	if c.Mail.SMTP.Password == "" {
		c.Mail.SMTP.Username = ""
	}
	return c.Validate()
}

// timeZoneProblem also refuses "" and "Local": Go accepts them, "" as UTC and "Local" as a different time zone on each machine.
func timeZoneProblem(name string) string {
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		return "is no time zone; write a name such as Asia/Tokyo"
	}
	return ""
}

func secretsProblem(secrets []string) string {
	if len(secrets) == 0 {
		return "none is given; make one with `openssl rand -hex 32`"
	}
	for i, s := range secrets {
		if len(s) < minSecretLength {
			return fmt.Sprintf("number %d has %d bytes; it needs at least %d", i+1, len(s), minSecretLength)
		}
	}
	return ""
}

func tokensProblem(tokens []string) string {
	switch {
	case len(tokens) == 0:
		return "none is given; make one with `openssl rand -hex 32`, and give it to Kratos' web_hook too"
	case len(tokens) > maxTokens:
		return fmt.Sprintf("%d are given; drop the old ones, at most %d may be valid at once", len(tokens), maxTokens)
	case len(tokens) == maxTokens && tokens[0] == tokens[1]:
		return "both are the same; give one, or two that differ"
	}
	for i, t := range tokens {
		if len(t) < minTokenLength {
			return fmt.Sprintf("number %d has %d characters; it needs at least %d", i+1, len(t), minTokenLength)
		}
		if !isBearerToken(t) {
			return fmt.Sprintf("number %d has a character that no bearer token can have; use letters, digits and -._~+/", i+1)
		}
	}
	return ""
}

// isBearerToken follows RFC 6750 section 2.1. Another character could be lost or changed in the Authorization header, and then the
// token would never match.
func isBearerToken(s string) bool {
	const b64token = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/"
	return strings.Trim(strings.TrimRight(s, "="), b64token) == ""
}

// reusedProblem refuses a token that is also a secret. Kratos' configuration contains the token: a person who can read it must not be
// able to decrypt what the secrets protect.
func reusedProblem(c Config) string {
	for _, t := range c.Hooks.Tokens {
		if slices.Contains(c.Secrets, t) {
			return "one of them is among the secrets; make one that is used for nothing else"
		}
	}
	return ""
}

func sharedProblem(c Config) string {
	if c.Hooks.Listen == c.Public.Listen {
		return "is public.listen as well; what Kratos calls must not face browsers, so choose another port"
	}
	return ""
}

func rangeProblem(n, least, most int) string {
	if n < least || n > most {
		return fmt.Sprintf("is %d; choose from %d to %d", n, least, most)
	}
	return ""
}

func oneOfProblem(s string, words ...string) string {
	if !slices.Contains(words, s) {
		return fmt.Sprintf("is %q; choose one of %s", s, strings.Join(words, ", "))
	}
	return ""
}

func passwordProblem(s SMTP) string {
	switch {
	case s.Username == "" && s.Password != "":
		return "is given without mail.smtp.username; give both or neither"
	case s.Username != "" && s.Password == "":
		return "is missing; give it, or leave mail.smtp.username out"
	case s.Password != "" && s.TLS == "none" && !isLoopback(s.Host):
		return "would travel in the clear; set mail.smtp.tls to starttls or implicit"
	}
	return ""
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
