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

// Texts are the texts of a mail by name, by language.
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

// templates are what all languages have in common.
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

// words are what a mail is made of.
type words struct {
	Locale  string
	Brand   string
	Logo    htmltemplate.URL // where in the mail it is; empty: it is not
	Accent  string           // #rrggbb; empty: as the text
	Code    string
	Length  int // digits
	Minutes int // for which the code holds
	Host    string

	WrongCodes int    // to tell of; 0: nothing
	Since      string // when the first of them was, in UTC

	HelpURL, PrivacyURL string // empty: there is none

	texts map[string]string // of the language
}

// Say is a text with what it mentions put in.
func (w words) Say(name string) string {
	return strings.NewReplacer(
		"{{.Brand}}", w.Brand, "{{.Length}}", strconv.Itoa(w.Length), "{{.Minutes}}", strconv.Itoa(w.Minutes),
		"{{.WrongCodes}}", strconv.Itoa(w.WrongCodes), "{{.Since}}", w.Since,
	).Replace(w.texts[name])
}

// SayOf is a text about so many of something.
func (w words) SayOf(name string, many int) string {
	if many == 1 {
		name += "_one"
	}
	return w.Say(name)
}

// minutes are whole minutes, rounded up: a code that holds for 30 seconds is not said to hold for 0 minutes.
func minutes(d time.Duration) int { return max(1, int((d+time.Minute-1)/time.Minute)) }
