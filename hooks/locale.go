package hooks

import (
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

// languages are the languages of the messages. The first one is the default.
var languages = []language.Tag{language.Japanese, language.English}

// matcher is made once because making it takes longer than using it.
var matcher = language.NewMatcher(languages)

// maxWish is how many bytes of a language list are parsed. A megabyte of underscores takes the parser most of a second.
const maxWish = 200

// Locale is the language of the answer and its mail: the client's transient_payload, else Accept-Language, else the account's language, else
// Japanese (design §1). Only the first 200 bytes of each are parsed.
func Locale(asked string, header http.Header, account string) string {
	for _, wish := range []string{asked, header.Get("Accept-Language"), account} {
		if len(wish) > maxWish {
			wish = wish[:strings.LastIndexByte(wish[:maxWish], ',')+1] // without the entry that the limit cuts in two
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
