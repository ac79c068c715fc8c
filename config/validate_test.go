package config

import (
	"strings"
	"testing"
	"time"
)

func TestAConfigurationIsNotValid(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"with PostgreSQL, and not a word of TLS": {
			func(c *Config) { c.Database = "postgres://u:secret-of-the-database@db/nidan" },
			"database: does not say how the connection is protected",
		},
		"with PostgreSQL, and no host": {
			func(c *Config) { c.Database = "postgres:///nidan?sslmode=disable" },
			"database: names no host",
		},
		"with PostgreSQL, and no database": {
			func(c *Config) { c.Database = "postgres://db?sslmode=disable" },
			"database: names no database",
		},
		"with PostgreSQL, and a password that is not escaped": {
			func(c *Config) { c.Database = "postgres://u:secret-of-the-%zatabase@db/nidan" },
			"database: is no URL",
		},
		"with another database": {
			func(c *Config) { c.Database = "mysql://db" },
			"database: its scheme is not known",
		},
		"with a path for a database": {
			func(c *Config) { c.Database = "nidan.db" },
			"database: has no scheme",
		},
		"without a path": {
			func(c *Config) { c.Database = "sqlite:" },
			"database: has no path",
		},
		"with a path that begins with a host": {
			func(c *Config) { c.Database = "sqlite://nidan.db" },
			"database: a path has no host",
		},
		"with a database in memory": {
			func(c *Config) { c.Database = "sqlite::memory:" },
			"database: every connection",
		},
		"with options for the database": {
			func(c *Config) { c.Database = "sqlite:n.db?_fk=1" },
			"database: takes no options",
		},
		"with a key for checkpoints that is none": {
			func(c *Config) { c.Records.CheckpointKey = "secret-of-the-journal" },
			"records.checkpoint_key: is no key",
		},
		"without a secret": {
			func(c *Config) { c.Secrets = nil },
			"secrets: none is given",
		},
		"with a short second secret": {
			func(c *Config) { c.Secrets = []string{secret, secret[:31]} },
			"secrets: number 2 has 31 bytes",
		},
		"with a listener without a port": {
			func(c *Config) { c.Public.Listen = "localhost" },
			"public.listen: is no address",
		},
		"with a listener on port 0": {
			func(c *Config) { c.Public.Listen = "localhost:0" },
			"public.listen: has no port from 1",
		},
		"with a listener on too high a port": {
			func(c *Config) { c.Hooks.Listen = ":65536" },
			"hooks.listen: has no port from 1",
		},
		"with a listener on a named port": {
			func(c *Config) { c.Hooks.Listen = ":http" },
			"hooks.listen: has no port from 1",
		},
		"with one address for both listeners": {
			func(c *Config) { c.Hooks.Listen = c.Public.Listen },
			"hooks.listen: is public.listen as well",
		},
		"with a relative URL": {
			func(c *Config) { c.Public.URL = "/login" },
			"public.url: is no absolute URL",
		},
		"with a URL of another scheme": {
			func(c *Config) { c.Kratos.AdminURL = "ftp://k" },
			"kratos.admin_url: is no absolute URL",
		},
		"with a URL without a host": {
			func(c *Config) { c.Kratos.PublicURL = "http://:4433" },
			"kratos.public_url: is no absolute URL",
		},
		"with a cookie without a name": {
			func(c *Config) { c.Kratos.SessionCookie = "" },
			"kratos.session_cookie: is no name of a cookie",
		},
		"with a cookie's name that others would read otherwise": {
			func(c *Config) { c.Kratos.SessionCookie = "s;t" },
			"kratos.session_cookie: is no name of a cookie",
		},
		"with a query in a URL": {
			func(c *Config) { c.Kratos.PublicURL = "http://k?x=1" },
			"kratos.public_url: holds more",
		},
		"with a user in a URL": {
			func(c *Config) { c.Kratos.AdminURL = "http://u@k" },
			"kratos.admin_url: holds a user",
		},
		"with a path in the public URL": {
			func(c *Config) { c.Public.URL = "http://a/login" },
			"public.url: has a path",
		},
		"with capital letters in the public URL": {
			func(c *Config) { c.Public.URL = "HTTPS://login.example.com" },
			"public.url: has capital letters",
		},
		"with a page to return to": {
			func(c *Config) {
				c.Public.ReturnTo = []string{"https://app.example.com", "https://app.example.com/board"}
			},
			"public.return_to: number 2 is no origin",
		},
		"with an origin to return to that ends in a slash": {
			func(c *Config) { c.Public.ReturnTo = []string{"https://app.example.com/"} },
			"public.return_to: number 1 is no origin",
		},
		"with an origin to return to in capitals": {
			func(c *Config) { c.Public.ReturnTo = []string{"https://App.example.com"} },
			"public.return_to: number 1 is no origin",
		},
		"with a host to return to": {
			func(c *Config) { c.Public.ReturnTo = []string{"app.example.com"} },
			"public.return_to: number 1 is no origin",
		},
		"with a trusted proxy that is a name": {
			func(c *Config) { c.Public.TrustedProxies = []string{"10.0.0.0/8", "proxy"} },
			"public.trusted_proxies: number 2 is no network",
		},
		"with a trusted proxy without a length": {
			func(c *Config) { c.Public.TrustedProxies = []string{"10.0.0.5"} },
			"public.trusted_proxies: number 1 is no network",
		},
		"with everybody as a trusted proxy": {
			func(c *Config) { c.Public.TrustedProxies = []string{"::/0"} },
			"public.trusted_proxies: number 1 is every address there is",
		},
		"with everybody as a trusted proxy, in IPv6": {
			func(c *Config) { c.Public.TrustedProxies = []string{"::ffff:0:0/96"} },
			"public.trusted_proxies: number 1 is no network",
		},
		"with a trusted proxy and too many others": {
			func(c *Config) { c.Public.TrustedProxies = []string{"10.0.0.5/8"} },
			"public.trusted_proxies: number 1 is an address within a network; write 10.0.0.0/8 for the network, or 10.0.0.5/32",
		},
		"without a token": {
			func(c *Config) { c.Hooks.Tokens = nil },
			"hooks.tokens: none is given",
		},
		"with three tokens": {
			func(c *Config) { c.Hooks.Tokens = []string{token, token + "a", token + "b"} },
			"hooks.tokens: 3 are given",
		},
		"with one token twice": {
			func(c *Config) { c.Hooks.Tokens = []string{token, token} },
			"hooks.tokens: both are the same",
		},
		"with a short token": {
			func(c *Config) { c.Hooks.Tokens = []string{token[:31]} },
			"hooks.tokens: number 1 has 31 characters",
		},
		"with a token no header can carry": {
			func(c *Config) { c.Hooks.Tokens = []string{token, token + "é"} },
			"hooks.tokens: number 2 has a character",
		},
		"with a token that is a secret": {
			func(c *Config) { c.Hooks.Tokens = []string{secret} },
			"hooks.tokens: one of them is among the secrets",
		},
		"with a role the holder can change": {
			func(c *Config) { c.Identity.Role = "/traits/role" },
			"identity.role: account holders can change traits",
		},
		"with a flag the holder can change": {
			func(c *Config) { c.Identity.TwoFactor = "/traits/t" },
			"identity.two_factor: account holders can change traits",
		},
		"with a flag Kratos does not show": {
			func(c *Config) { c.Identity.TwoFactor = "/metadata_admin/t" },
			"identity.two_factor: points nowhere",
		},
		"with a lock the holder can open": {
			func(c *Config) { c.Identity.Locked = "/traits/locked" },
			"identity.locked: account holders can change traits",
		},
		"with a plan the holder can change": {
			func(c *Config) { c.Identity.Plan = "/traits/plan" },
			"identity.plan: account holders can change traits",
		},
		"with an expiry the holder can change": {
			func(c *Config) { c.Identity.PasswordExpired = "/traits/x" },
			"identity.password_expired: account holders can change traits",
		},
		"with a time zone that there is not": {
			func(c *Config) { c.Policies.TimeZone = "Asia/Edo" },
			"policies.time_zone: is no time zone",
		},
		"with the time zone of whatever machine": {
			func(c *Config) { c.Policies.TimeZone = "Local" },
			"policies.time_zone: is no time zone",
		},
		"with a layer over a folder": {
			func(c *Config) { c.Policies.Dir, c.Policies.Data = "/p", "/l" },
			"policies.data: is given, and policies.dir too",
		},
		"with a layer over a bundle": {
			func(c *Config) { c.Policies.Bundle.URL, c.Policies.Data = "https://b.example.com/p.tar.gz", "/l" },
			"policies.data: is given, and policies.bundle.url too",
		},
		"with two sources of policies": {
			func(c *Config) { c.Policies.Dir, c.Policies.Bundle.URL = "/p", "https://b.example.com/p.tar.gz" },
			"policies.bundle.url: is given, and policies.dir too",
		},
		"with a bundle that is nowhere": {
			func(c *Config) { c.Policies.Bundle.URL = "/p.tar.gz" },
			"policies.bundle.url: is no absolute URL",
		},
		"with a bundle that anybody on the way could change": {
			func(c *Config) { c.Policies.Bundle.URL = "http://b.example.com/p.tar.gz" },
			"policies.bundle.url: could be answered by anybody",
		},
		"with a bundle's token in the clear": {func(c *Config) {
			c.Policies.Bundle = Default().Policies.Bundle
			c.Policies.Bundle.URL, c.Policies.Bundle.Token, c.Policies.Bundle.PublicKey = "http://b.example.com", "t", "/k.pem"
		}, "policies.bundle.url: would send the token in the clear"},
		"with two shadows": {
			func(c *Config) {
				c.Policies.ShadowDir, c.Policies.ShadowBundle.URL = "/s", "https://b.example.com/s.tar.gz"
			},
			"policies.shadow_bundle.url: is given, and policies.shadow_dir too",
		},
		"with a shadow that anybody on the way could change": {
			func(c *Config) { c.Policies.ShadowBundle.URL = "http://b.example.com/s.tar.gz" },
			"policies.shadow_bundle.url: could be answered by anybody on the way; use https://, or have bundles signed and give policies.shadow_bundle.public_key",
		},
		"with a shadow that is looked for too often": {
			func(c *Config) { c.Policies.ShadowBundle.MinDelay = 0 },
			"policies.shadow_bundle.min_delay: is 0s; choose from 1s to 24h",
		},
		"with one folder that keeps two bundles": {func(c *Config) {
			c.Policies.ShadowBundle.URL, c.Policies.ShadowBundle.KeepDir, c.Policies.Bundle.KeepDir = "https://b.example.com/s.tar.gz", "/k", "/k"
		}, "policies.shadow_bundle.keep_dir: is policies.bundle.keep_dir, too"},
		"with a password in a bundle's address": {
			func(c *Config) { c.Policies.Bundle.URL = "https://u:p@b.example.com" },
			"policies.bundle.url: holds a user or password",
		},
		"with a signature that is a shared secret": {
			func(c *Config) { c.Policies.Bundle.Algorithm = "HS256" },
			"policies.bundle.algorithm: is \"HS256\"",
		},
		"with looks for a bundle that take less than no time": {
			func(c *Config) { c.Policies.Bundle.MinDelay = 0 },
			"policies.bundle.min_delay: is 0s; choose from 1s to 24h",
		},
		"with delays that cross": {
			func(c *Config) { c.Policies.Bundle.MinDelay = 3 * time.Minute },
			"policies.bundle.max_delay: is 2m0s; choose from 3m to 24h",
		},
		"with parts of a second": {
			func(c *Config) { c.Policies.Bundle.LongPolling = 1500 * time.Millisecond },
			"policies.bundle.long_polling: is 1.5s; choose whole seconds",
		},
		"with more than all rules to be reached": {
			func(c *Config) { c.Policies.Require.Coverage = 101 },
			"policies.require.coverage: is 101; choose from 0 to 100",
		},
		"with another answer to what loosens": {
			func(c *Config) { c.Policies.Require.Loosening = "refuse" },
			`policies.require.loosening: is "refuse"; choose one of allow, approve`,
		},
		"with no time for a decision": {
			func(c *Config) { c.Policies.TimeLimit = time.Millisecond },
			"policies.time_limit: is 1ms; choose from 10ms to 2s",
		},
		"with records that nobody lives to see deleted": {
			func(c *Config) { c.Records.KeepDays = 3651 },
			"records.keep_days: is 3651; choose from 0 to 3650",
		},
		"with decisions that anybody on the way can read": {
			func(c *Config) { c.DecisionLog.URL = "http://l.example.com" },
			"decision_log.url: would send who signs in",
		},
		"with a status whose token anybody on the way can read": {
			func(c *Config) { c.Status.URL, c.Status.Token = "http://c.example.com", "t" },
			"status.url: would send the token in the clear",
		},
		"with a status that is told to a search": {
			func(c *Config) { c.Status.URL = "https://c.example.com?x=1" },
			"status.url: holds more than a scheme",
		},
		"with a status that nobody would look at": {
			func(c *Config) { c.Status.Interval = 2 * time.Hour },
			"status.interval: is 2h",
		},
		"with decisions sent to a search": {
			func(c *Config) { c.DecisionLog.URL = "https://l.example.com?x=1" },
			"decision_log.url: holds more than a scheme",
		},
		"with a role that only begins the same": {
			func(c *Config) { c.Identity.Role = "/metadata_public_not/r" },
			"identity.role: points nowhere",
		},
		"with a pointer to everything": {
			func(c *Config) { c.Identity.Locale = "" },
			"identity.locale: points nowhere",
		},
		"with a pointer to all traits": {
			func(c *Config) { c.Identity.Email = "/traits/" },
			"identity.email: points nowhere",
		},
		"with a bare tilde in a pointer": {
			func(c *Config) { c.Identity.Name = "/traits/a~2" },
			"identity.name: has a ~",
		},
		"with days below the range": {
			func(c *Config) { c.Settings.RememberDays = 0 },
			"settings.remember_days: is 0; choose from 1 to 365",
		},
		"with days above the range": {
			func(c *Config) { c.Settings.RememberDays = 366 },
			"settings.remember_days: is 366",
		},
		"with a sender that is no address": {
			func(c *Config) { c.Mail.From = "nobody" },
			"mail.from: is no sender",
		},
		"with a sender that adds a header": {
			func(c *Config) { c.Mail.From = "A <a@example.com>\r\nBcc: b@example.com" },
			"mail.from: is no sender",
		},
		"with a brand that adds a header": {
			func(c *Config) { c.Mail.Brand = "A\r\nBcc: b@example.com" },
			"mail.brand: has a line break",
		},
		"with a blank brand": {
			func(c *Config) { c.Mail.Brand = " " },
			"mail.brand: is empty",
		},
		"with two names": {
			func(c *Config) { c.Brand.Name, c.Mail.Brand = "A", "B" },
			"mail.brand: is given, and brand.name too",
		},
		"without a name": {
			func(c *Config) { c.Brand.Name = "" },
			"brand.name: is empty",
		},
		"with a name that adds a header": {
			func(c *Config) { c.Brand.Name = "A\r\nBcc: b@example.com" },
			"brand.name: has a line break",
		},
		"with a logo for dark pages alone": {
			func(c *Config) { c.Brand.LogoDark = "/l.svg" },
			"brand.logo_dark: is given without brand.logo",
		},
		"with help that is a program": {
			func(c *Config) { c.Brand.HelpURL = "javascript:alert(1)" },
			"brand.help_url: is no absolute URL",
		},
		"with privacy that is nowhere": {
			func(c *Config) { c.Brand.PrivacyURL = "/privacy" },
			"brand.privacy_url: is no absolute URL",
		},
		"with a password for everybody to see": {
			func(c *Config) { c.Brand.HelpURL = "https://u:p@h.example.com" },
			"brand.help_url: holds a user or password",
		},
		"without a mail server": {
			func(c *Config) { c.Mail.SMTP.Host = "" },
			"mail.smtp.host: is empty",
		},
		"with a port in the mail server's name": {
			func(c *Config) { c.Mail.SMTP.Host = "mail:25" },
			"mail.smtp.host: is no host name",
		},
		"with mail port 0": {
			func(c *Config) { c.Mail.SMTP.Port = 0 },
			"mail.smtp.port: is 0; choose from 1 to 65535",
		},
		"with an unknown kind of TLS": {
			func(c *Config) { c.Mail.SMTP.TLS = "on" },
			"mail.smtp.tls: is \"on\"; choose one of starttls",
		},
		"with a user without a password": {
			func(c *Config) { c.Mail.SMTP.Username = "u" },
			"mail.smtp.password: is missing",
		},
		"with a password without a user": {
			func(c *Config) { c.Mail.SMTP.Password = "p" },
			"mail.smtp.password: is given without",
		},
		"with a password in the clear": {func(c *Config) {
			c.Mail.SMTP = SMTP{Host: "mail.example.com", Port: 25, TLS: "none", Username: "u", Password: "p", Timeout: time.Second, Connections: 1}
		}, "mail.smtp.password: would travel in the clear"},
		"with too short a timeout": {
			func(c *Config) { c.Mail.SMTP.Timeout = 999 * time.Millisecond },
			"mail.smtp.timeout: is 999ms",
		},
		"with too long a timeout": {
			func(c *Config) { c.Mail.SMTP.Timeout = 61 * time.Second },
			"mail.smtp.timeout: is 1m1s",
		},
		"with certificates that would not be looked at": {
			func(c *Config) { c.Mail.SMTP.TLS, c.Mail.SMTP.CAFile = "none", "/ca.pem" },
			"mail.smtp.ca_file: is given, and mail.smtp.tls is none",
		},
		"with a line break in the name for EHLO": {
			func(c *Config) { c.Mail.SMTP.Helo = "nidan.example.com\r\nMAIL FROM:<a@example.com>" },
			"mail.smtp.helo: is no name to say",
		},
		"with an address without brackets for EHLO": {
			func(c *Config) { c.Mail.SMTP.Helo = "2001:db8::1" },
			"mail.smtp.helo: is no name to say",
		},
		"with too long a notice": {func(c *Config) { c.Shutdown.Notice = 61 * time.Second }, "shutdown.notice: is 1m1s"},
		"with too long a linger": {func(c *Config) { c.Shutdown.Linger = 11 * time.Second }, "shutdown.linger: is 11s"},
		"with an unknown level":  {func(c *Config) { c.Log.Level = "INFO" }, "log.level: is \"INFO\""},
		"with an unknown format": {func(c *Config) { c.Log.Format = "xml" }, "log.format: is \"xml\""},
	} {
		t.Run(name, func(t *testing.T) {
			c := valid()
			tc.change(&c)
			err := c.Validate()
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q and nothing else", err, tc.want)
			}
		})
	}
}

func TestAConfigurationIsValid(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"with all that has to be given":        func(*Config) {},
		"with two tokens":                      func(c *Config) { c.Hooks.Tokens = []string{token, token + "Aa0-._~+/=="} },
		"with a slash after the public URL":    func(c *Config) { c.Public.URL = "https://login.example.com/" },
		"with an IPv6 listener":                func(c *Config) { c.Public.Listen = "[::1]:4455" },
		"with an IPv6 mail server":             func(c *Config) { c.Mail.SMTP.Host = "::1" },
		"with a password to its own machine":   func(c *Config) { c.Mail.SMTP.TLS, c.Mail.SMTP.Username, c.Mail.SMTP.Password = "none", "u", "p" },
		"with a signed bundle over plain HTTP": func(c *Config) { c.Policies.Bundle.URL, c.Policies.Bundle.PublicKey = "http://b.example.com/p", "/k" },
		"with a bundle of its own machine":     func(c *Config) { c.Policies.Bundle.URL, c.Policies.Bundle.Token = "http://127.0.0.1:1/p", "t" },
		"with records that are kept for ever":  func(c *Config) { c.Records.KeepDays = 0 },
		"with decisions for its own machine":   func(c *Config) { c.DecisionLog.URL, c.DecisionLog.Token = "http://127.0.0.1:1", "t" },
		"with an authority of its own":         func(c *Config) { c.Mail.SMTP.CAFile = "/ca.pem" },
		"with a full name for EHLO":            func(c *Config) { c.Mail.SMTP.Helo = "nidan-1.example.com" },
		"with an address for EHLO":             func(c *Config) { c.Mail.SMTP.Helo = "[IPv6:2001:db8::1]" },
		"with a name in the older place":       func(c *Config) { c.Mail.Brand = "A" },
		"with the same name in both places":    func(c *Config) { c.Brand.Name, c.Mail.Brand = "A", "A" },
		"with the longest and shortest values": func(c *Config) { c.Settings.RememberDays, c.Mail.SMTP.Timeout = 365, time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			c := valid()
			change(&c)
			if err := c.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// FuzzFile shows that each file gives either an error or a valid configuration, and that no error contains the secrets of the
// environment.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		string(Example), "", "---\n", "a: &a [*a]", "log: &l {level: info}\nmail: *l", "<<: {log: {level: warn}}", "? [a]\n: b",
		"secrets: [!!binary YQ==, !!null x]", "mail: {smtp: {port: 0x19, timeout: 1e3s}}", "\xff\xfe", "log: {1: 2, true: 3}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := load("fuzz.yml", content, needed, Config.Validate)
		if err == nil {
			err = c.Validate()
			if err != nil {
				t.Errorf("loaded, but not valid: %v", err)
			}
			return
		}
		if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), token) {
			t.Errorf("a secret is shown: %v", err)
		}
	})
}
