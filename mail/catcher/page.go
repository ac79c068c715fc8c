package catcher

import (
	_ "embed" // for the page
	"encoding/json"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// JSON answers with the mails as a list, newest first.
func (c *Catcher) JSON() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(c.Messages()) // the reader has gone away
	})
}

// Page answers with the mails as a page that keeps itself up to date.
func (c *Catcher) Page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_ = page.Execute(w, c.Messages()) // the reader has gone away
	})
}
