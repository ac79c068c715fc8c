package hooks

import (
	"net/http"

	"golang.org/x/text/language"
)

// languages are those that there are messages for. The first is spoken where nothing else is known.
var languages = []language.Tag{language.Japanese, language.English}

// Locale chooses the language of an answer and its mail: what the client asks for, else what its browser prefers, else the
// account's, else Japanese.
func Locale(asked string, header http.Header, account string) string {
	matcher := language.NewMatcher(languages)
	for _, wish := range []string{asked, header.Get("Accept-Language"), account} {
		tags, _, err := language.ParseAcceptLanguage(wish)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, confidence := matcher.Match(tags...); confidence != language.No {
			return languages[i].String()
		}
	}
	return languages[0].String()
}
