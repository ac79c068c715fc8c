package hooks

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"nidan/challenge"
)

//go:embed messages/*.json
var messageFiles embed.FS

// The states of the contract that do not come from package challenge.
const (
	stateClientTooOld challenge.State = "client_too_old"
	stateUnavailable  challenge.State = "unavailable"
)

// stateAllowed is the state in the record of a sign-in without a second step.
const stateAllowed = "allowed"

// symbols are the ids and types of the documented states (design §1). Clients translate by the ids, so the ids never change. Kratos' own ids
// are far from them.
var symbols = map[challenge.State]struct {
	id   int64
	kind string
}{
	challenge.CodeSent:         {1990001, "info"},
	challenge.CodeResent:       {1990002, "info"},
	challenge.Cancelled:        {1990003, "info"},
	challenge.CodeMismatch:     {4990001, "error"},
	challenge.CodeExpired:      {4990002, "error"},
	challenge.AttemptsExceeded: {4990003, "error"},
	challenge.SignInAgain:      {4990004, "error"},
	stateClientTooOld:          {4990005, "error"},
	challenge.TooManyCodes:     {4990006, "error"},
	challenge.Refused:          {4990007, "error"},
	stateUnavailable:           {4990008, "error"},
}

// The ids of the messages at the field for the code. They are not states.
const (
	enterCodeID     = 1990000 // says what to enter
	enterAllAgainID = 1990009 // says that account and password are needed again, for pages that do not keep them
)

// texts are the messages in all languages.
type texts struct{ bundle *i18n.Bundle }

// newTexts takes sentences by name and language, see [Sentences].
func newTexts(sentences map[string]map[string]string) (*texts, error) {
	b := i18n.NewBundle(languages[0])
	for _, l := range languages {
		for name, sentence := range sentences[l.String()] {
			if err := b.AddMessages(l, &i18n.Message{ID: name, Other: sentence}); err != nil {
				return nil, fmt.Errorf("load the messages: %w", err)
			}
		}
	}
	return &texts{bundle: b}, nil
}

// facts are the values that a sentence can contain.
type facts struct {
	SentTo  string // masked
	Length  int    // digits of the code
	Seconds int    // until another code may be sent
}

// say returns the sentence of that name. If it is missing or its template fails, say returns the name, so that the refusal is sent in any
// case.
func (t *texts) say(locale, name string, f facts) string {
	s, err := i18n.NewLocalizer(t.bundle, locale).Localize(&i18n.LocalizeConfig{MessageID: name, TemplateData: f})
	if err != nil {
		return name
	}
	return s
}

// Sentences are the sentences of messages/ by name and by language, with the placeholders {{.SentTo}}, {{.Length}} and {{.Seconds}}. Two
// states have a second sentence, for a mail that was not sent. A page on which the language can be changed fills in the placeholders itself.
func Sentences() (map[string]map[string]string, error) {
	all := make(map[string]map[string]string)
	for _, l := range languages {
		raw, err := messageFiles.ReadFile("messages/" + l.String() + ".json")
		if err != nil {
			return nil, fmt.Errorf("read the messages: %w", err)
		}
		var sentences map[string]string
		if err := json.Unmarshal(raw, &sentences); err != nil {
			return nil, fmt.Errorf("read the messages: %w", err)
		}
		all[l.String()] = sentences
	}
	return all, nil
}
