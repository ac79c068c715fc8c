package hooks

import (
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

// languages are those that there are messages for. The first is spoken where nothing else is known.
var languages = []language.Tag{language.Japanese, language.English}

// matcher is made once: it takes longer to make than to ask.
var matcher = language.NewMatcher(languages)

// maxWish is how many bytes of a wish are read. A megabyte of underscores takes the parser most of a second.
const maxWish = 200

// Locale chooses the language of an answer and its mail: what the client asks for, else what its browser prefers, else the
// account's, else Japanese. Of each wish, the languages in the first 200 bytes count.
func Locale(asked string, header http.Header, account string) string {
	for _, wish := range []string{asked, header.Get("Accept-Language"), account} {
		if len(wish) > maxWish {
			wish = wish[:strings.LastIndexByte(wish[:maxWish], ',')+1] // what is cut in two is no wish
		}
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
