package config

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	secret = "0123456789abcdef0123456789abcdef"
	token  = "fedcba9876543210fedcba9876543210"
)

// needed are the variables that an operator must give, and PATH, a variable that does not belong to Nidan.
var needed = []string{"NIDAN_SECRETS=" + secret, "NIDAN_HOOKS_TOKENS=" + token, "PATH=/bin"}

func with(more ...string) []string { return append(slices.Clone(needed), more...) }

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nidan.yml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func valid() Config {
	c := Default()
	c.Secrets, c.Hooks.Tokens = []string{secret}, []string{token}
	return c
}

func TestTheExampleHoldsTheDefaults(t *testing.T) {
	values, err := parseFile("config.example.yml", Example)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields() {
		if got, ok := values[f.key]; !ok || !reflect.DeepEqual(got, f.value(Default())) {
			t.Errorf("%s: the example has %v, the default is %v", f.key, got, f.value(Default()))
		}
	}
}

func TestTheExampleNeedsOnlySecretsAndTokens(t *testing.T) {
	got, err := Load(write(t, string(Example)), needed)
	if err != nil || !reflect.DeepEqual(got, valid()) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = Load(write(t, string(Example)), nil)
	if err == nil || strings.Count(err.Error(), "\n") != 2 ||
		!strings.Contains(err.Error(), "\nsecrets: none is given") || !strings.Contains(err.Error(), "\nhooks.tokens: none") {
		t.Errorf("got %v, want the secrets and the tokens missing, and nothing else", err)
	}
}

func TestTheEnvironmentCountsBeforeTheFileAndTheFileBeforeTheDefault(t *testing.T) {
	file := "secrets: [" + token + "]\nmail: {brand: File, smtp: {port: 25, timeout: 5s}}\nsettings: {remember: false}\n"
	got, err := Load(write(t, file), with("NIDAN_MAIL_BRAND=Environment", "NIDAN_MAIL_SMTP_TIMEOUT=3s"))
	want := valid()
	want.Mail.Brand, want.Mail.SMTP.Timeout = "Environment", 3*time.Second
	want.Mail.SMTP.Port, want.Settings.Remember = 25, false
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestTheNameStandsInEitherPlace(t *testing.T) {
	for file, want := range map[string]string{
		"": "Nidan", "brand: {name: New}": "New", "mail: {brand: Old}": "Old", "mail: {brand: Same}\nbrand: {name: Same}": "Same",
		"mail: {brand: \"\"}\nbrand: {name: New}": "New",
	} {
		got, err := Load(write(t, file), needed)
		if err != nil || got.BrandName() != want {
			t.Errorf("%q: got %q, %v, want %q", file, got.BrandName(), err, want)
		}
	}
}

// other has a value for each key that is not the default.
var other = map[string]string{
	"database": "sqlite:/data/n.db", "secrets": secret + ", " + strings.Repeat("s", 32),
	"public.listen": "0.0.0.0:1", "public.url": "https://login.example.com", "hooks.listen": ":2",
	"hooks.tokens": strings.Repeat("t", 32) + "," + token, "kratos.public_url": "http://k:3", "kratos.admin_url": "http://k:4/a",
	"kratos.session_cookie": "__Host-s.1",
	"identity.account":      "/traits/a", "identity.name": "/traits/b", "identity.email": "/metadata_public/c",
	"identity.role": "/metadata_public/d", "identity.two_factor": "/metadata_public/e~1f", "identity.locale": "/traits/g",
	"identity.locked": "/metadata_public/h", "identity.password_expired": "/metadata_public/i", "identity.plan": "/metadata_public/j",
	"public.trusted_proxies": "10.0.0.0/8, 2001:db8::/32", "public.return_to": "https://a.example.com, http://b.example.com:81",
	"public.limits.body": "4096", "public.limits.headers": "8192", "public.limits.header": "2048", "public.limits.address": "1024",
	"public.limits.depth": "16", "policies.time_zone": "Europe/Berlin", "policies.time_limit": "100ms", "policies.shadow_dir": "/s", "policies.require.coverage": "90", "policies.require.tests": "7", "policies.require.invariants": "true", "policies.require.loosening": "approve", "policies.dir": "/p", "policies.data": "/l",
	"policies.bundle.url": "https://b.example.com/p.tar.gz?v=1", "policies.bundle.token": "t", "policies.bundle.public_key": "/k.pem",
	"policies.bundle.algorithm": "ES256", "policies.bundle.scope": "s", "policies.bundle.min_delay": "2s", "policies.bundle.max_delay": "3s",
	"policies.bundle.long_polling": "4s", "policies.bundle.keep_dir": "/b", "policies.bundle.allow_older": "true", "records.keep_days": "8",
	"records.checkpoint_key":     "PRIVATE+KEY+nidan.example.com+f28226a3+AWtra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr",
	"policies.shadow_bundle.url": "https://b.example.com/s.tar.gz", "policies.shadow_bundle.token": "t", "policies.shadow_bundle.public_key": "/k.pem",
	"policies.shadow_bundle.algorithm": "ES256", "policies.shadow_bundle.scope": "s", "policies.shadow_bundle.min_delay": "2s", "policies.shadow_bundle.max_delay": "3s",
	"policies.shadow_bundle.long_polling": "4s", "policies.shadow_bundle.keep_dir": "/s", "policies.shadow_bundle.allow_older": "true",
	"decision_log.url": "https://l.example.com/x", "decision_log.token": "t", "decision_log.min_delay": "2s", "decision_log.max_delay": "9s",
	"status.url": "https://c.example.com/x", "status.token": "t", "status.interval": "7s",
	"settings.two_factor": "false", "settings.admin_console": "false", "settings.softphone": "false",
	"brand.name": "B, C", "brand.logo": "/l.svg", "brand.logo_dark": "/d.png", "brand.accent": "#0f766e", "brand.accent_dark": "#5eead4",
	"brand.help_url": "https://h.example.com/?a=b#c", "brand.privacy_url": "http://p.example.com", "brand.texts": "/t",
	"settings.remember": "false", "settings.remember_days": "5", "mail.from": "a@example.com", "mail.brand": "B, C",
	"mail.smtp.host": "h.example.com", "mail.smtp.port": "6", "mail.smtp.tls": "implicit", "mail.smtp.username": "u",
	"mail.smtp.password": "p,q", "mail.smtp.timeout": "7s", "mail.smtp.connections": "5",
	"mail.smtp.ca_file": "/ca.pem", "mail.smtp.helo": "nidan.example.com", "log.level": "debug", "log.format": "json",
	"shutdown.notice": "8s", "shutdown.linger": "9s",
}

func TestEveryKeyCanBeGivenByTheEnvironment(t *testing.T) {
	var environ []string
	names := map[string]bool{}
	for _, f := range fields() {
		if names[f.variable()] {
			t.Errorf("two keys are called %s", f.variable())
		}
		names[f.variable()] = true
		if f.key != "policies.dir" && f.key != "policies.data" && f.key != "policies.shadow_dir" { // not allowed beside a bundle
			environ = append(environ, f.variable()+"="+other[f.key])
		}
	}
	got, err := Load("", environ)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := Load("", with("NIDAN_POLICIES_DIR="+other["policies.dir"], "NIDAN_POLICIES_SHADOW_DIR="+other["policies.shadow_dir"]))
	if err != nil {
		t.Fatal(err)
	}
	got.Policies.Dir, got.Policies.ShadowDir = dir.Policies.Dir, dir.Policies.ShadowDir
	layer, err := Load("", with("NIDAN_POLICIES_DATA="+other["policies.data"]))
	if err != nil {
		t.Fatal(err)
	}
	got.Policies.Data = layer.Policies.Data
	for _, f := range fields() {
		want, err := f.fromText(other[f.key])
		if err != nil || !reflect.DeepEqual(f.value(got), want) || reflect.DeepEqual(want, f.value(Default())) {
			t.Errorf("%s: got %v, want %v and not the default (%v)", f.key, f.value(got), want, err)
		}
	}
}

func TestSecretsCanStandInFilesOfTheirOwn(t *testing.T) {
	got, err := Load("", []string{
		"NIDAN_SECRETS_FILE=" + write(t, secret+"\r\n\n"+token+"x\n"),
		"NIDAN_HOOKS_TOKENS_FILE=" + write(t, token),
		"NIDAN_MAIL_SMTP_USERNAME=u", "NIDAN_MAIL_SMTP_PASSWORD_FILE=" + write(t, " pass, word \n"),
	})
	want := valid()
	want.Secrets = []string{secret, token + "x"}
	want.Mail.SMTP.Username, want.Mail.SMTP.Password = "u", " pass, word "
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestVariablesThatKubernetesSetsArePassedOver(t *testing.T) {
	_, err := Load("", with("NIDAN_SERVICE_HOST=10.0.0.1", "NIDAN_SERVICE_PORT=4455", "NIDAN_SERVICE_PORT_HTTP=4455",
		"NIDAN_PORT=tcp://10.0.0.1:4455", "NIDAN_PORT_4455_TCP=tcp://10.0.0.1:4455", "NIDAN_PORT_4455_TCP_ADDR=10.0.0.1",
		"NIDAN_HOOKS_PORT=tcp://10.0.0.1:4456"))
	if err != nil {
		t.Error(err)
	}
}

func TestShownAnywhereAConfigurationHidesItsSecrets(t *testing.T) {
	c := valid()
	c.Mail.SMTP.Password = "the-password"
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("started", "config", c)
	for _, shown := range []string{c.String(), log.String()} {
		for _, hidden := range []string{secret, token, "the-password"} {
			if strings.Contains(shown, hidden) {
				t.Errorf("%s is shown in %s", hidden, shown)
			}
		}
		if !strings.Contains(shown, "mail.smtp.tls") || !strings.Contains(shown, "(1 given)") {
			t.Errorf("too little is shown: %s", shown)
		}
	}
}
