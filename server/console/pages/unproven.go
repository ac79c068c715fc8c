package pages

import (
	"regexp"
	"strings"
)

// unproven says why something could not be proven, for the template part that shows it in the reader's language. Package proof writes
// these texts in English, for commands and logs.
type unproven struct {
	Question string // the policies' question that it is about; empty: all questions
	Fact     string // the fact of the input that it is about; empty: no single fact
	Text     string // name of a text; empty: the page shows What as it is
	What     string // value for the text, or the original English text; empty: the text needs no value
}

var (
	aboutQuestion = regexp.MustCompile(`^(login|capabilities|settings|console|records): `)
	aboutFact     = regexp.MustCompile(`^(input\.[\w.]+): `)
)

// phrases are the phrases that package proof writes, and the texts with the same meaning. If several phrases match, the first one
// counts.
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

// Unproven returns the data to show on this page why something could not be proven.
func (f frame) Unproven(written string) unproven { return unprovenOf(written) }
