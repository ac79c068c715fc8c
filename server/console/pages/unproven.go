package pages

import (
	"regexp"
	"strings"
)

// unproven is why something is not proven, for the part of a page that says it in the reader's language. Package proof writes it in
// English, for commands and logs.
type unproven struct {
	Question string // of the policies; empty: it is about each
	Fact     string // of the input; empty: it is about none alone
	Text     string // the name of a text; empty: what was written has to do
	What     string // what the text mentions, or what was written; empty: the text mentions nothing
}

var (
	aboutQuestion = regexp.MustCompile(`^(login|capabilities|settings|console|records): `)
	aboutFact     = regexp.MustCompile(`^(input\.[\w.]+): `)
)

// phrases are those that package proof writes, and the texts that say the same. Of several that fit, the first one counts.
var phrases = []struct {
	is   *regexp.Regexp
	text string
}{
	{regexp.MustCompile(`^it is a list$`), "unproven_list"},
	{regexp.MustCompile(`^addresses of several facts are compared$`), "unproven_addresses"},
	{regexp.MustCompile(`^versions of several facts are compared$`), "unproven_versions"},
	{regexp.MustCompile(`^too many beginnings, ends and parts of texts$`), "unproven_texts"},
	{regexp.MustCompile(`^compared as a text, tried at each half hour of a week$`), "unproven_instant_text"},
	{regexp.MustCompile(`^(.+), tried at each half hour of a week$`), "unproven_instant"},
	{regexp.MustCompile(`^(.+), together with the other functions here$`), "unproven_together"},
	{regexp.MustCompile(`^an object of the input is used as a whole \((.+)\)$`), "unproven_object"},
	{regexp.MustCompile(`^all of (input\..+)$`), "unproven_all"},
	{regexp.MustCompile(`^they cannot be compared: (?s:(.+))$`), "unproven_compared"},
	{regexp.MustCompile(`^compared with what (.+) makes \((.+)\)$`), "unproven_made"},
	{regexp.MustCompile(`^compared with (.+) and made full$`), "unproven_full"},
	{regexp.MustCompile(`^compared with (.+)$`), "unproven_with"},
	{regexp.MustCompile(`^((?:concat with|net\.cidr_contains of) .+|.+ \(.+\))$`), "unproven_expression"},
}

func unprovenOf(written string) (u unproven) {
	if m := aboutQuestion.FindStringSubmatch(written); m != nil {
		u.Question, written = m[1], written[len(m[0]):]
	}
	if m := aboutFact.FindStringSubmatch(written); m != nil {
		u.Fact, written = m[1], written[len(m[0]):]
	}
	for _, p := range phrases {
		if m := p.is.FindStringSubmatch(written); m != nil {
			u.Text, u.What = p.text, strings.Join(m[1:], ", ")
			return u
		}
	}
	u.What = written
	return u
}

// Unproven is why something is not proven, on this page.
func (f frame) Unproven(written string) unproven { return unprovenOf(written) }
