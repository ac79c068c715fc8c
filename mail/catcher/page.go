package catcher

import (
	_ "embed" // embeds the page
	"encoding/json"
	"html/template"
	"net/http"

	"golang.org/x/text/language"
)

//go:embed page.html
var pageSource string

// words are the texts of the page in one language.
type words struct{ Lang, Title, To, At, None string }

// texts returns the texts in all languages. The first language is for readers who prefer none of them.
func texts() []words {
	return []words{
		{Lang: "ja", Title: "届いたメール", To: "宛先", At: "受信時刻", None: "メールはまだ届いていません。"},
		{Lang: "en", Title: "Mail that arrived", To: "To", At: "Received at", None: "No mail has arrived yet."},
	}
}

// JSON answers with the mails as a list, newest first.
func (c *Catcher) JSON() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(c.Messages()) // an error means that the client has gone away
	})
}

// Page answers with a page of the mails, newest first, that reloads itself. Its language is that of ?lang= (ja or en), else of
// Accept-Language, else Japanese.
func (c *Catcher) Page() http.Handler {
	page := template.Must(template.New("page").Parse(pageSource))
	all := texts()
	var tags []language.Tag
	for _, t := range all {
		tags = append(tags, language.Make(t.Lang))
	}
	matcher := language.NewMatcher(tags)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, i := language.MatchStrings(matcher, r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Vary", "Accept-Language")
		_ = page.Execute(w, map[string]any{"Words": all[i], "Mails": c.Messages()}) // an error means that the client has gone away
	})
}
