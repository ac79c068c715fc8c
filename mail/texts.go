package mail

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"
	"time"
)

//go:embed templates
var templateFiles embed.FS

// texts are the texts of a mail in one language.
type texts struct {
	text *template.Template // defines "subject" too
	html *htmltemplate.Template
}

// words are what the texts mention.
type words struct {
	Brand   string
	Code    string
	Length  int // digits
	Minutes int // for which the code holds
	Host    string

	WrongCodes int    // to tell of; 0: nothing
	Since      string // when the first of them was, in UTC
}

// loadTexts reads the texts of every language there is.
func loadTexts() (map[string]texts, error) {
	all := make(map[string]texts)
	for _, locale := range []string{"ja", "en"} {
		text, err := template.ParseFS(templateFiles, "templates/"+locale+".txt")
		if err != nil {
			return nil, fmt.Errorf("read the texts of mails: %w", err)
		}
		html, err := htmltemplate.ParseFS(templateFiles, "templates/"+locale+".html")
		if err != nil {
			return nil, fmt.Errorf("read the texts of mails: %w", err)
		}
		all[locale] = texts{text, html}
	}
	return all, nil
}

// minutes are whole minutes, rounded up: a code that holds for 30 seconds is not said to hold for 0 minutes.
func minutes(d time.Duration) int { return max(1, int((d+time.Minute-1)/time.Minute)) }

func (t texts) subject(w words) (string, error) {
	var b strings.Builder
	if err := t.text.ExecuteTemplate(&b, "subject", w); err != nil {
		return "", fmt.Errorf("write the subject: %w", err)
	}
	return b.String(), nil
}
