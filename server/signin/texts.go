package signin

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"nidan/hooks"
)

//go:embed texts/*.json
var textFiles embed.FS

// locales are the languages of the pages, each named in itself.
var locales = []string{"ja", "en"}

// localeCookie remembers the language that was chosen on a page.
const localeCookie = "nidan_locale"

// loadTexts reads every text of every language: the pages' own, and the states' sentences.
func loadTexts() (map[string]map[string]string, error) {
	all := make(map[string]map[string]string)
	for _, locale := range locales {
		raw, err := textFiles.ReadFile("texts/" + locale + ".json")
		if err != nil {
			return nil, fmt.Errorf("read the pages' texts: %w", err)
		}
		texts := make(map[string]string)
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("read the pages' texts: %w", err)
		}
		sentences, err := hooks.Sentences(locale)
		if err != nil {
			return nil, err
		}
		maps.Copy(texts, sentences)
		all[locale] = texts
	}
	return all, nil
}

// localeOf is the language of a page: what was chosen on one, else what the browser prefers.
func localeOf(r *http.Request) string {
	chosen := ""
	if c, err := r.Cookie(localeCookie); err == nil {
		chosen = c.Value
	}
	return hooks.Locale(chosen, r.Header, "")
}
