package mail

import (
	"embed"
	"encoding/json"
	"fmt"
	htmltemplate "html/template"
	"strconv"
	"strings"
	"text/template"
	"time"
)

//go:embed templates texts
var files embed.FS

// Texts returns the texts of mails, by language and name.
func Texts() (map[string]map[string]string, error) {
	all := make(map[string]map[string]string)
	for _, locale := range []string{"ja", "en"} {
		raw, err := files.ReadFile("texts/" + locale + ".json")
		if err != nil {
			return nil, fmt.Errorf("read the texts of mails: %w", err)
		}
		texts := make(map[string]string)
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("read the texts of mails: %w", err)
		}
		all[locale] = texts
	}
	return all, nil
}

// templates are the templates of the text part and of the HTML part. All languages use the same templates.
type templates struct {
	text *template.Template
	html *htmltemplate.Template
}

func loadTemplates() (t templates, err error) {
	if t.text, err = template.ParseFS(files, "templates/mail.txt"); err == nil {
		t.html, err = htmltemplate.ParseFS(files, "templates/mail.html")
	}
	if err != nil {
		return t, fmt.Errorf("read the templates of mails: %w", err)
	}
	return t, nil
}

// words are the values that the templates put into a mail.
type words struct {
	Locale  string
	Brand   string
	Logo    htmltemplate.URL // cid: URL of the embedded logo; empty: the mail has no logo
	Accent  string           // #rrggbb; empty: the colour of the text
	Code    string
	Length  int // number of digits
	Minutes int // how long the code is valid
	Host    string

	WrongCodes int    // wrong codes that the mail reports; 0: none
	Since      string // when the first of them was tried, in UTC

	HelpURL, PrivacyURL string // empty: the mail has no such link

	texts map[string]string // texts of the language, by name
}

// Say returns a text, with the values in place of its placeholders.
func (w words) Say(name string) string {
	return strings.NewReplacer(
		"{{.Brand}}", w.Brand, "{{.Length}}", strconv.Itoa(w.Length), "{{.Minutes}}", strconv.Itoa(w.Minutes),
		"{{.WrongCodes}}", strconv.Itoa(w.WrongCodes), "{{.Since}}", w.Since,
	).Replace(w.texts[name])
}

// SayOf returns a text about a number of things: the singular text (name_one) if many is 1.
func (w words) SayOf(name string, many int) string {
	if many == 1 {
		name += "_one"
	}
	return w.Say(name)
}

// minutes returns whole minutes, rounded up, so that a mail never says that a code is valid for 0 minutes.
func minutes(d time.Duration) int { return max(1, int((d+time.Minute-1)/time.Minute)) }
