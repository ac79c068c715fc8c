package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	secret = "a-secret-of-at-least-32-characters"
	token  = "a-token-of-at-least-32-characters!"
)

// enough is the least that has to be given.
var enough = []string{"NIDAN_SECRETS=" + secret, "NIDAN_HOOKS_TOKENS=" + token, "PATH=/bin"}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nidan.yml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheExampleHoldsTheDefaults(t *testing.T) {
	got, err := Load(write(t, string(Example)), enough)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Secrets, want.Hooks.Tokens = []string{secret}, []string{token}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestTheEnvironmentOverridesTheFile(t *testing.T) {
	path := write(t, "mail: {brand: File, smtp: {port: 25, timeout: 5s}}\nsettings: {remember: false}\n")
	got, err := Load(path, merge(enough, []string{
		"NIDAN_MAIL_BRAND=Environment", "NIDAN_SETTINGS_SOFTPHONE=false", "NIDAN_SETTINGS_REMEMBER_DAYS=7",
		"NIDAN_MAIL_SMTP_TIMEOUT=3s", "NIDAN_HOOKS_TOKENS=" + token + ", " + secret,
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Secrets, want.Hooks.Tokens = []string{secret}, []string{token, secret}
	want.Mail.Brand, want.Mail.SMTP.Port, want.Mail.SMTP.Timeout = "Environment", 25, 3*time.Second
	want.Settings.Remember, want.Settings.Softphone, want.Settings.RememberDays = false, false, 7
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestEveryKeyIsToBeHadFromTheEnvironment(t *testing.T) {
	got, err := Load("", []string{
		"NIDAN_DATABASE=sqlite:/data/n.db", "NIDAN_SECRETS=" + secret + "," + token, "NIDAN_PUBLIC_LISTEN=0.0.0.0:1",
		"NIDAN_PUBLIC_URL=https://login.example.com", "NIDAN_HOOKS_LISTEN=:2", "NIDAN_HOOKS_TOKENS=" + token,
		"NIDAN_KRATOS_PUBLIC_URL=http://k:3", "NIDAN_KRATOS_ADMIN_URL=http://k:4", "NIDAN_IDENTITY_ACCOUNT=/traits/a",
		"NIDAN_IDENTITY_NAME=/traits/b", "NIDAN_IDENTITY_EMAIL=/traits/c", "NIDAN_IDENTITY_ROLE=/metadata_public/d",
		"NIDAN_IDENTITY_TWO_FACTOR=/metadata_public/e", "NIDAN_IDENTITY_LOCALE=/traits/f", "NIDAN_POLICIES_DIR=/p",
		"NIDAN_SETTINGS_TWO_FACTOR=false", "NIDAN_SETTINGS_ADMIN_CONSOLE=false", "NIDAN_SETTINGS_SOFTPHONE=false",
		"NIDAN_SETTINGS_REMEMBER=false", "NIDAN_SETTINGS_REMEMBER_DAYS=5", "NIDAN_MAIL_FROM=a@example.com",
		"NIDAN_MAIL_BRAND=B", "NIDAN_MAIL_SMTP_HOST=h", "NIDAN_MAIL_SMTP_PORT=6", "NIDAN_MAIL_SMTP_TLS=implicit",
		"NIDAN_MAIL_SMTP_USERNAME=u", "NIDAN_MAIL_SMTP_PASSWORD=p", "NIDAN_MAIL_SMTP_TIMEOUT=7s",
		"NIDAN_LOG_LEVEL=debug", "NIDAN_LOG_FORMAT=json",
	})
	if err != nil {
		t.Fatal(err)
	}
	differs(t, "", reflect.ValueOf(got), reflect.ValueOf(Default()))
}

// differs fails for each field that still has its default.
func differs(t *testing.T, path string, got, def reflect.Value) {
	t.Helper()
	if got.Kind() == reflect.Struct {
		for i := range got.NumField() {
			differs(t, path+"."+got.Type().Field(i).Name, got.Field(i), def.Field(i))
		}
		return
	}
	if reflect.DeepEqual(got.Interface(), def.Interface()) {
		t.Errorf("%s was not read", path)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	got, err := Load("", []string{
		"NIDAN_SECRETS_FILE=" + write(t, secret+"\n"+token+"\n"),
		"NIDAN_HOOKS_TOKENS_FILE=" + write(t, token+"\r\n"),
		"NIDAN_MAIL_SMTP_PASSWORD_FILE=" + write(t, "pass, word\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Secrets, []string{secret, token}) || !reflect.DeepEqual(got.Hooks.Tokens, []string{token}) ||
		got.Mail.SMTP.Password != "pass, word" {
		t.Errorf("got %q, %q, %q", got.Secrets, got.Hooks.Tokens, got.Mail.SMTP.Password)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		file string
		env  []string
		want string
	}{
		"a key nobody knows":                {"mail: {brnad: x}", nil, "mail.brnad: there is no such key"},
		"a variable nobody knows":           {"", []string{"NIDAN_MAIL_BRNAD=x"}, "NIDAN_MAIL_BRNAD: there is no such key"},
		"a file for what is no secret":      {"", []string{"NIDAN_MAIL_BRAND_FILE=/x"}, "NIDAN_MAIL_BRAND_FILE: there is no such key"},
		"a secret's file that is not there": {"", []string{"NIDAN_MAIL_SMTP_PASSWORD_FILE=/does/not/exist"}, "NIDAN_MAIL_SMTP_PASSWORD_FILE: open /does/not/exist"},
		"a secret given twice":              {"", []string{"NIDAN_SECRETS_FILE=/dev/null"}, "given twice"},
		"no YAML":                           {"mail: [", nil, "nidan.yml"},
		"a list in place of a map":          {"mail: [1]", nil, "mail: there is no such key"},
		"a word for a number":               {"mail: {smtp: {port: many}}", nil, "mail.smtp.port: must be a whole number"},
		"a number for a word":               {"mail: {brand: 7}", nil, "mail.brand: must be a text"},
		"a word for a switch":               {"settings: {remember: often}", nil, "settings.remember: must be true or false"},
		"a number for a time":               {"mail: {smtp: {timeout: 10}}", nil, "mail.smtp.timeout: must be a time such as 10s"},
		"a text for a list":                 {"secrets: " + secret, nil, "secrets: must be a list"},
		"a variable that is no number":      {"", []string{"NIDAN_MAIL_SMTP_PORT=many"}, "NIDAN_MAIL_SMTP_PORT: must be a whole number"},
		"a variable that is no switch":      {"", []string{"NIDAN_SETTINGS_REMEMBER=often"}, "NIDAN_SETTINGS_REMEMBER: must be true or false"},
		"another database":                  {"database: mysql://x", nil, "database: must be sqlite:PATH"},
		"no secret":                         {"", []string{"NIDAN_SECRETS="}, "secrets: give at least one"},
		"a short secret":                    {"", []string{"NIDAN_SECRETS=short"}, "secrets: each must have at least 32"},
		"no token":                          {"", []string{"NIDAN_HOOKS_TOKENS="}, "hooks.tokens: give one"},
		"a short token":                     {"", []string{"NIDAN_HOOKS_TOKENS=short"}, "hooks.tokens: each must have at least 32"},
		"three tokens":                      {"", []string{"NIDAN_HOOKS_TOKENS=" + strings.Join([]string{token, token, token}, ",")}, "hooks.tokens: give two at the most"},
		"a role the holder can change":      {"identity: {role: /traits/role}", nil, "identity.role: must begin with /metadata_public/"},
		"a flag the holder can change":      {"identity: {two_factor: /traits/two_factor}", nil, "identity.two_factor: must begin with /metadata_public/"},
		"a pointer to nowhere":              {"identity: {email: email}", nil, "identity.email: must begin with"},
		"an address without a port":         {"hooks: {listen: localhost}", nil, "hooks.listen: must be host:port"},
		"a relative URL":                    {"public: {url: /login}", nil, "public.url: must be an http or https address"},
		"days out of range":                 {"settings: {remember_days: 366}", nil, "settings.remember_days: must be 1 to 365"},
		"a brand with a line break":         {`mail: {brand: "a\nBcc: b"}`, nil, "mail.brand: must be one line"},
		"a sender that is no address":       {"mail: {from: nobody}", nil, "mail.from: must be an address"},
		"a password without TLS":            {"mail: {smtp: {tls: none, username: u}}", nil, "mail.smtp.username: a password is not sent without TLS"},
		"an unknown kind of TLS":            {"mail: {smtp: {tls: maybe}}", nil, "mail.smtp.tls: must be"},
		"a time out of range":               {"mail: {smtp: {timeout: 2h}}", nil, "mail.smtp.timeout: must be 1s to 60s"},
		"an unknown level":                  {"log: {level: loud}", nil, "log.level: must be"},
		"an unknown format":                 {"log: {format: xml}", nil, "log.format: must be"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(write(t, tc.file), merge(enough, tc.env))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got error %v, want one with %q", err, tc.want)
			}
			if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), token) {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

// merge replaces the variables of base by those of more.
func merge(base, more []string) []string {
	merged := append([]string{}, more...)
	for _, b := range base {
		name, _, _ := strings.Cut(b, "=")
		replaced := false
		for _, m := range more {
			replaced = replaced || strings.HasPrefix(m, name+"=")
		}
		if !replaced {
			merged = append(merged, b)
		}
	}
	return merged
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	_, err := Load("", nil)
	for _, want := range []string{"secrets: give", "hooks.tokens: give"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want also %q", err, want)
		}
	}
}

func FuzzLoadFile(f *testing.F) {
	f.Add(string(Example))
	f.Add("mail: {smtp: {port: 1}}\nsecrets: [a]")
	f.Add("a: &a [*a]")
	path := filepath.Join(f.TempDir(), "nidan.yml")
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path, enough)
		if err == nil {
			err = c.Validate()
			if err != nil {
				t.Errorf("loaded, and not valid: %v", err)
			}
		}
	})
}
