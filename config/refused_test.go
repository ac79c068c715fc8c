package config

import (
	"strings"
	"testing"
)

func TestAFileIsRefused(t *testing.T) {
	for name, tc := range map[string]struct{ file, want string }{
		"for a key nobody knows, by name and line": {
			"log:\n  level: info\n  colour: red\n",
			"nidan.yml:3: log.colour: there is no such key",
		},
		"for a path written as one key": {
			"mail.brand: x",
			"nidan.yml:1: mail.brand: there is no such key",
		},
		"for a key that is no text":      {"log: {1: x}", "log.1: there is no such key"},
		"for a group without keys":       {"mail:", "nidan.yml:1: mail: expected a group of keys"},
		"for a list in place of a group": {"mail: [1]", "mail: expected a group of keys"},
		"for a port in quotes": {
			"mail: {smtp: {port: \"25\"}}",
			"nidan.yml:1: mail.smtp.port: expected a whole number",
		},
		"for half a port": {
			"mail: {smtp: {port: 2.5}}",
			"mail.smtp.port: expected a whole number",
		},
		"for a brand that reads like a number": {
			"mail: {brand: 2024}",
			"mail.brand: expected text; put it between quotes",
		},
		"for a switch that is a word": {
			"settings: {remember: often}",
			"settings.remember: expected true or false",
		},
		"for a duration without a unit": {
			"mail: {smtp: {timeout: 10}}",
			"mail.smtp.timeout: expected a duration",
		},
		"for a list that is a text": {"secrets: abc", "secrets: expected a list"},
		"for a list of numbers":     {"secrets: [1]", "secrets: expected a list"},
		"for a second document": {
			"log: {level: info}\n---\nlog: {level: warn}",
			"expected one YAML document",
		},
		"for a key that stands twice": {"log: {}\nlog: {}", "already defined at line 1"},
		"for text without keys":       {"hello", "expected keys with values"},
		"for broken YAML, with the line": {
			"log:\n  level: info\n  - a\n",
			"nidan.yml: yaml: line ",
		},
	} {
		t.Run(name, func(t *testing.T) { refused(t, tc.file, nil, tc.want) })
	}
}

func TestAVariableIsRefused(t *testing.T) {
	there := write(t, secret)
	for name, tc := range map[string]struct{ variable, want string }{
		"when nobody knows it": {
			"NIDAN_MAIL_BRNAD=x",
			"NIDAN_MAIL_BRNAD: there is no such setting",
		},
		"when a word of its path is missing": {
			"NIDAN_SMTP_PORT=25",
			"NIDAN_SMTP_PORT: there is no such setting",
		},
		"when it names a group": {"NIDAN_MAIL=x", "NIDAN_MAIL: there is no such setting"},
		"when it is in small letters": {
			"NIDAN_mail_brand=x",
			"NIDAN_mail_brand: there is no such setting",
		},
		"when what has a file is no secret": {
			"NIDAN_MAIL_BRAND_FILE=" + there,
			"NIDAN_MAIL_BRAND_FILE: there is no such setting",
		},
		"when its file is not there": {
			"NIDAN_MAIL_SMTP_PASSWORD_FILE=/no/such",
			"NIDAN_MAIL_SMTP_PASSWORD_FILE: read the file that it names: no such file",
		},
		"when the secret is given by both": {
			"NIDAN_SECRETS_FILE=" + there,
			"NIDAN_SECRETS_FILE: NIDAN_SECRETS is given as well",
		},
		"when it is no number": {
			"NIDAN_MAIL_SMTP_PORT=25.0",
			"NIDAN_MAIL_SMTP_PORT: expected a whole number",
		},
		"when it is neither true nor false": {
			"NIDAN_SETTINGS_REMEMBER=1",
			"NIDAN_SETTINGS_REMEMBER: expected true or false",
		},
		"when it is a duration without a unit": {
			"NIDAN_MAIL_SMTP_TIMEOUT=10",
			"NIDAN_MAIL_SMTP_TIMEOUT: expected a duration",
		},
	} {
		t.Run(name, func(t *testing.T) { refused(t, "", []string{tc.variable}, tc.want) })
	}
}

func refused(t *testing.T, file string, more []string, want string) {
	t.Helper()
	_, err := Load(write(t, file), with(more...))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q in it", err, want)
	}
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	if _, err := Load("/no/such.yml", needed); err == nil || !strings.Contains(err.Error(), "/no/such.yml") {
		t.Errorf("got %v", err)
	}
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	_, err := Load(write(t, "a: 1\nlog: {level: 5}"), with("NIDAN_B=x", "NIDAN_LOG_COLOUR=red"))
	for _, want := range []string{"nidan.yml:1: a:", "nidan.yml:2: log.level:", "NIDAN_B:", "NIDAN_LOG_COLOUR:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// A secret in the wrong place must not appear in an error: the error goes to the log of the program that starts Nidan.
func TestNoErrorShowsASecret(t *testing.T) {
	const hidden = "Geheimnis-0123456789"
	for name, tc := range map[string]struct {
		file string
		env  string
	}{
		"that is too short":              {file: "secrets: [" + hidden + "]"},
		"that is no list":                {file: "secrets: " + hidden},
		"that reads like an alias":       {file: "secrets: [*" + hidden + "]"},
		"that is tagged as a number":     {file: "secrets: [!!int " + hidden + "]"},
		"that is a key of a map":         {file: "secrets: {[" + hidden + "]: 1}"},
		"that is the whole file":         {file: hidden},
		"that is a token with a space":   {file: "hooks: {tokens: [\"" + hidden + " " + hidden + "\"]}"},
		"that is part of a database":     {file: "database: postgres://nidan:" + hidden + "@db/nidan"},
		"that is part of a URL":          {file: "kratos: {admin_url: \"http://u:" + hidden + "@kratos\"}"},
		"that is part of a broken URL":   {file: "kratos: {admin_url: \"http://u:" + hidden + "%zz@kratos\"}"},
		"that is given as a file":        {env: "NIDAN_MAIL_SMTP_PASSWORD_FILE=" + hidden},
		"that is given to a number":      {env: "NIDAN_MAIL_SMTP_PORT=" + hidden},
		"that is given to a switch":      {env: "NIDAN_SETTINGS_REMEMBER=" + hidden},
		"that is given to a timeout":     {env: "NIDAN_MAIL_SMTP_TIMEOUT=" + hidden},
		"that has no user":               {env: "NIDAN_MAIL_SMTP_PASSWORD=" + hidden},
		"that belongs to nobody we know": {env: "NIDAN_SECRET=" + hidden},
	} {
		t.Run(name, func(t *testing.T) {
			environ := []string{"NIDAN_HOOKS_TOKENS=" + token, tc.env}
			if strings.Contains(tc.file, "hooks") {
				environ = []string{"NIDAN_SECRETS=" + secret}
			}
			_, err := Load(write(t, tc.file), environ)
			if err == nil || strings.Contains(err.Error(), hidden) || strings.Contains(err.Error(), hidden[:7]) {
				t.Errorf("got %v", err)
			}
		})
	}
}
