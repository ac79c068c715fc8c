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

// answer is the response to Kratos: 204, or 400 with messages. No other type of the package is written to a response, and its three
// constructors make no other status (but 401 for a caller without a valid token, which is not Kratos).
type answer struct {
	status int
	body   []byte
}

// goOn is 204: Kratos goes on with the sign-in.
func goOn() answer { return answer{status: http.StatusNoContent} }

// write writes the response. Nothing else in the package does.
func (a answer) write(c echo.Context) error {
	if a.status == http.StatusNoContent {
		return c.NoContent(a.status)
	}
	return c.JSONBlob(a.status, a.body)
}

// interruption is a state with all that the person is shown.
type interruption struct {
	state        challenge.State
	challenge    *challenge.Challenge // nil: there is no challenge to show
	retryAt      time.Time            // from when another code may be sent; zero: the challenge's ResendAt
	deviceToken  string               // for native clients; empty: none
	capabilities []string
	message      string // replaces the state's sentence; empty: the state's sentence
	detail       string // what is wrong with the call, for the operator of Kratos
	locale       string
	now          time.Time
}

// The body of an interrupt, as Kratos v1.3.1 and later parse it.
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
		// Mail is "waiting" or "failed"; empty: the mail was sent. With a value, the sentence does not say that a mail was sent.
		Mail        challenge.MailState `json:"mail,omitempty"`
		DeviceToken string              `json:"device_token,omitempty"`
	}
)

// interrupt is 400 with the messages of i.
func interrupt(t *texts, i interruption) (answer, error) {
	return interruptWith(http.StatusBadRequest, t, i)
}

// unauthorized is 401 for a caller without a valid token. If the caller is a Kratos with a wrong token, the person sees the message and is
// not let in.
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
		// Kratos adds a text input of this name to the flow, so that a page that does not know Nidan shows the field. A hook can give an
		// input messages, but no label and no value (Kratos v1.3.1 and v26.2.0, Container.AddMessage). The first message can serve as the
		// label. The second one says which fields Kratos leaves empty.
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

// sentence is the name of the sentence to show. If the mail was not sent, the sentence says so. This holds for an expired code, too: nobody
// received the code, and "has expired" alone would hide the reason.
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

// resendAt is when another code may be sent. The account's limits can make it later than the challenge's ResendAt.
func (i interruption) resendAt() time.Time {
	if i.challenge != nil && i.challenge.ResendAt.After(i.retryAt) {
		return i.challenge.ResendAt
	}
	return i.retryAt
}

// codeExpected says whether the person can enter a code now.
func (i interruption) codeExpected() bool {
	switch i.state {
	case challenge.CodeSent, challenge.CodeResent, challenge.CodeMismatch:
		return true
	case challenge.TooManyCodes:
		return i.challenge != nil && i.challenge.Answerable(i.now)
	}
	return false
}
