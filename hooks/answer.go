package hooks

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
)

// answer is what Kratos gets: 204, or 400 with messages. It is the only type in the package that is written to a response,
// and its three constructors make nothing else (but for a caller without the right token, who is not Kratos: 401).
type answer struct {
	status int
	body   []byte
}

// goOn lets the sign-in go on.
func goOn() answer { return answer{status: http.StatusNoContent} }

// write is the one place that answers.
func (a answer) write(c echo.Context) error {
	if a.status == http.StatusNoContent {
		return c.NoContent(a.status)
	}
	return c.JSONBlob(a.status, a.body)
}

// interruption is what a person is shown instead of being let in.
type interruption struct {
	state        challenge.State
	challenge    *challenge.Challenge // nil where there is none to show
	retryAt      time.Time            // when another code may be sent; zero: as the challenge says
	deviceToken  string               // for a native client to keep; empty: none
	capabilities []string
	message      string // replaces the state's sentence; empty: the sentence
	detail       string // for whoever calls the hook: what was wrong with the call
	locale       string
	now          time.Time
}

// The body of an interrupt, as Kratos v1.3.1 and later read it from a hook.
type (
	body struct {
		Messages []entry `json:"messages"`
	}
	entry struct {
		InstancePtr string    `json:"instance_ptr"`
		Messages    []message `json:"messages"`
	}
	message struct {
		ID      int64  `json:"id"`
		Text    string `json:"text"`
		Type    string `json:"type"`
		Context any    `json:"context"`
	}
)

// The context of a message (contract, section 1).
type (
	messageContext struct {
		State        challenge.State `json:"state"`
		Challenge    *shown          `json:"challenge,omitempty"`
		Capabilities []string        `json:"capabilities"`
	}
	shown struct {
		ID           string    `json:"id"`
		SentTo       string    `json:"sent_to"`
		CodeLength   int       `json:"code_length"`
		ExpiresAt    time.Time `json:"expires_at"`
		AttemptsLeft int       `json:"attempts_left"`
		ResendAt     time.Time `json:"resend_at"`
		RememberDays int       `json:"remember_days"`
		// Mail is "waiting" or "failed" where the mail has not gone out. The state's usual sentence is not true then.
		Mail        challenge.MailState `json:"mail,omitempty"`
		DeviceToken string              `json:"device_token,omitempty"`
	}
)

// interrupt makes the answer that shows i.
func interrupt(t *texts, i interruption) (answer, error) {
	return interruptWith(http.StatusBadRequest, t, i)
}

// unauthorized is for a caller without the right token. Should it be Kratos after all, misconfigured, the person reads a
// sentence and is not let in.
func unauthorized(t *texts, i interruption) (answer, error) {
	return interruptWith(http.StatusUnauthorized, t, i)
}

func interruptWith(status int, t *texts, i interruption) (answer, error) {
	symbol, ok := symbols[i.state]
	if !ok {
		return answer{}, fmt.Errorf("the state %q is not documented", i.state)
	}
	f := i.facts()
	text := t.say(i.locale, i.sentence(), f)
	if i.message != "" {
		text = i.message
	}
	if i.detail != "" {
		text += " (" + i.detail + ")"
	}
	ctx := messageContext{State: i.state, Challenge: i.shown(), Capabilities: i.capabilities}
	if ctx.Capabilities == nil {
		ctx.Capabilities = []string{}
	}
	b := body{Messages: []entry{{InstancePtr: "#/", Messages: []message{{symbol.id, text, symbol.kind, ctx}}}}}
	if i.codeExpected() {
		// Kratos adds a text input of this name to the flow, for a page that knows nothing of Nidan. A hook can give an input
		// messages, and neither a label nor a value (Kratos v1.3.1 and v26.2.0, Container.AddMessage): the first message can serve
		// as the label, the second says what Kratos leaves empty.
		b.Messages = append(b.Messages, entry{InstancePtr: "#/transient_payload/two_factor/code", Messages: []message{
			{enterCodeID, t.say(i.locale, "enter_code", f), "info", struct{}{}},
			{enterAllAgainID, t.say(i.locale, "enter_all_again", f), "info", struct{}{}},
		}})
	}
	raw, err := json.Marshal(b)
	if err != nil {
		return answer{}, fmt.Errorf("encode the answer: %w", err)
	}
	return answer{status: status, body: raw}, nil
}

// sentence is the name of the state's sentence. A mail that has not gone out is not said to have been sent. Where its code has expired
// as well, nobody ever had that code, and "has expired" alone would not say what is wrong.
func (i interruption) sentence() string {
	if i.challenge == nil {
		return string(i.state)
	}
	switch mail := i.challenge.Mail; {
	case i.state == challenge.CodeExpired && mail != "":
		return "code_undelivered"
	case (i.state == challenge.CodeSent || i.state == challenge.CodeResent) && mail == challenge.MailWaiting:
		return "code_waiting"
	}
	return string(i.state)
}

func (i interruption) shown() *shown {
	if i.challenge == nil {
		return nil
	}
	return &shown{
		ID: i.challenge.ID, SentTo: i.challenge.SentTo, CodeLength: i.challenge.CodeLength,
		ExpiresAt: i.challenge.ExpiresAt.UTC(), AttemptsLeft: i.challenge.AttemptsLeft(),
		ResendAt: i.resendAt().UTC(), RememberDays: i.challenge.RememberDays, Mail: i.challenge.Mail,
		DeviceToken: i.deviceToken,
	}
}

func (i interruption) facts() facts {
	f := facts{Seconds: max(1, int(math.Ceil(i.resendAt().Sub(i.now).Seconds())))}
	if i.challenge != nil {
		f.SentTo, f.Length = i.challenge.SentTo, i.challenge.CodeLength
	}
	return f
}

// resendAt is when another code may be sent: the account's limits may put it later than the challenge does.
func (i interruption) resendAt() time.Time {
	if i.challenge != nil && i.challenge.ResendAt.After(i.retryAt) {
		return i.challenge.ResendAt
	}
	return i.retryAt
}

// codeExpected says whether the next thing to do is to enter a code.
func (i interruption) codeExpected() bool {
	switch i.state {
	case challenge.CodeSent, challenge.CodeResent, challenge.CodeMismatch:
		return true
	case challenge.TooManyCodes:
		return i.challenge != nil && i.challenge.Answerable(i.now)
	}
	return false
}
