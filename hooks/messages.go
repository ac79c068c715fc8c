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

// The states of the contract that come before any challenge.
const (
	stateClientTooOld challenge.State = "client_too_old"
	stateUnavailable  challenge.State = "unavailable"
)

// stateAllowed is how a call is on record that was let through without a second step.
const stateAllowed = "allowed"

// symbols are the numbers and kinds of the documented states. The numbers are far from Kratos' own, and clients translate by
// them: they never change.
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

// The numbers of what is said at the field for the code. They are no states.
const (
	enterCodeID     = 1990000 // what to enter there
	enterAllAgainID = 1990009 // that account and password are needed again, for pages that do not keep them
)

// texts are the sentences that a person reads, in every language.
type texts struct{ bundle *i18n.Bundle }

// newTexts takes the sentences of every language (see [Sentences]).
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

// facts are what a sentence may mention.
type facts struct {
	SentTo  string // masked
	Length  int    // digits of the code
	Seconds int    // until another code may be sent
}

// say is the sentence of that name. One that is missing or broken is replaced by its name: an answer with a poor sentence is
// still an answer, and a person is not let in for want of one.
func (t *texts) say(locale, name string, f facts) string {
	s, err := i18n.NewLocalizer(t.bundle, locale).Localize(&i18n.LocalizeConfig{MessageID: name, TemplateData: f})
	if err != nil {
		return name
	}
	return s
}

// Sentences are the sentences of every state by name, by language, as written in messages/: with {{.SentTo}}, {{.Length}} and
// {{.Seconds}} in them. Two states have a second sentence each, for a mail that has not gone out. A page that lets its reader
// change the language fills the sentences in itself.
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
