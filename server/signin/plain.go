package signin

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"nidan/kratos"
)

// plain is what the page shows if no script runs: the current step of the flow's sign-in.
type plain struct {
	Flow, CSRFToken string
	Said            *said     // message at the top; nil: none
	Code            *codeStep // the step with the code, instead of all other ways to sign in; nil: no code is needed
	Again           bool      // the person may submit the same input once more
	Ended           string    // address of a new sign-in, if nothing else helps; else empty
	Identifier      string    // last submitted identifier; empty: not known
}

// ends are the states after which only a new sign-in helps.
var ends = []string{"cancelled", "sign_in_again", "client_too_old"}

type codeStep struct {
	Where     string // where the code went, and how long it is valid
	Label     string // label of the field
	Remember  string // label of the checkbox; empty: there is no checkbox
	Ticked    bool
	Closed    bool // the code cannot be entered any more: only a new code helps
	MaySend   bool // a new code may be sent now
	SendAgain string
	Mail      string // address of the mail page of a demonstration
}

// challengeShown is the challenge in a message (contract, section 1).
type challengeShown struct {
	sentTo, mail           string
	length, attempts, days int
	expires, resend        time.Time
}

// plainOf returns the current step of a flow. The argument kept is the first step's input that the browser has kept, if known is
// true. Without this input, the code alone cannot be submitted.
func (h *Handler) plainOf(flow kratos.LoginFlow, kept typed, known bool, locale string) plain {
	p := plain{Flow: flow.ID, CSRFToken: flow.CSRFToken, Identifier: flow.Identifier}
	if kept.Identifier != "" {
		p.Identifier = kept.Identifier
	}
	if len(flow.Messages) == 0 {
		return p
	}
	m := flow.Messages[0]
	state, _ := m.Context["state"].(string)
	ch := challengeOf(m)
	switch {
	case state == "":
		s := h.sayKratos(m, locale)
		p.Said = &s
	case ch != nil && known:
		p.Code = h.codeStep(state, *ch, kept, locale)
		p.Said = &said{Kind: kindOf(m), Text: h.sentence(state, m, ch, locale)}
	case ch != nil: // the input of the first step is lost
		again := "password_again"
		if flow.Active == "oidc" {
			again = "provider_again"
		}
		p.Said = &said{Kind: "info", Text: h.Texts[locale][again]}
	default:
		p.Said = &said{Kind: kindOf(m), Text: h.sentence(state, m, nil, locale)}
		hasPassword := slices.ContainsFunc(flow.Methods, func(m kratos.Method) bool { return m.Name == "password" })
		p.Again = state == "unavailable" && known
		if slices.Contains(ends, state) || state == "refused" && !hasPassword {
			p.Ended = startNew(flow.ReturnTo, flow.Refresh)
		}
	}
	return p
}

// kindOf returns the kind of a message: "info" or "error".
func kindOf(m kratos.Message) string {
	if m.Type == "info" {
		return "info"
	}
	return "error"
}

// sentence returns the text of a state in the page's language. A policy's own message is not translated.
func (h *Handler) sentence(state string, m kratos.Message, ch *challengeShown, locale string) string {
	name := state
	switch {
	case ch == nil && state == "too_many_codes":
		return m.Text // only the server knows when a new code may be sent
	case ch == nil:
		for _, texts := range h.Texts {
			if texts[state] == m.Text {
				return h.Texts[locale][state]
			}
		}
		return m.Text
	case ch.mail == "waiting" && (state == "code_sent" || state == "code_resent"):
		name = "code_waiting"
	case ch.mail != "" && state == "code_expired":
		name = "code_undelivered"
	}
	return h.fill(locale, name, h.facts(*ch, locale))
}

func (h *Handler) codeStep(state string, ch challengeShown, kept typed, locale string) *codeStep {
	left := ch.expires.Sub(h.Now())
	s := &codeStep{
		Label:   h.fill(locale, "code", h.facts(ch, locale)),
		Ticked:  kept.Remember,
		Closed:  state == "code_expired" || state == "attempts_exceeded" || left <= 0 || ch.attempts == 0,
		MaySend: !h.Now().Before(ch.resend),
		Mail:    h.Mail,
	}
	if ch.days > 0 {
		s.Remember = h.fill(locale, "remember", h.facts(ch, locale))
	}
	s.Where = h.fill(locale, whereItIs(ch.mail, s.Closed), h.facts(ch, locale))
	if s.SendAgain = h.Texts[locale]["resend_ready"]; !s.MaySend {
		s.SendAgain = h.fill(locale, "resend_wait", h.facts(ch, locale))
	}
	return s
}

// whereItIs returns the name of the text about the code. It must not say that a code was sent if the mail did not go out.
func whereItIs(mail string, closed bool) string {
	switch {
	case mail == "failed":
		return "sent_never"
	case mail == "waiting" && closed:
		return "later_dead"
	case mail == "waiting":
		return "sent_later"
	case closed:
		return "sent_dead"
	}
	return "sent"
}

// facts returns the values for the texts about the code. The page does not update itself, so the time that is left is given in
// minutes, and in seconds only during the last minute.
func (h *Handler) facts(ch challengeShown, locale string) map[string]string {
	left := max(0, ch.expires.Sub(h.Now()))
	name, n := "left_minutes", int(left.Minutes())
	if n == 0 {
		name, n = "left_seconds", int(left.Seconds())
	}
	return map[string]string{
		"SentTo": ch.sentTo, "Length": strconv.Itoa(ch.length), "Days": strconv.Itoa(ch.days), "Tries": strconv.Itoa(ch.attempts),
		"Seconds": strconv.Itoa(max(1, int(math.Ceil(ch.resend.Sub(h.Now()).Seconds())))),
		"Left":    h.fill(locale, name, map[string]string{"Count": strconv.Itoa(n)}),
	}
}

// fill returns a text with the values in place of its placeholders.
func (h *Handler) fill(locale, name string, facts map[string]string) string {
	var pairs []string
	for fact, value := range facts {
		pairs = append(pairs, fmt.Sprintf("{{.%s}}", fact), value)
	}
	return strings.NewReplacer(pairs...).Replace(h.Texts[locale][name])
}

// challengeOf returns the challenge in a message, or nil if there is none. The context was decoded from JSON, so all numbers are
// float64.
func challengeOf(m kratos.Message) *challengeShown {
	in, ok := m.Context["challenge"].(map[string]any)
	if !ok {
		return nil
	}
	number := func(name string) int { n, _ := in[name].(float64); return int(n) }
	text := func(name string) string { s, _ := in[name].(string); return s }
	at := func(name string) time.Time { t, _ := time.Parse(time.RFC3339, text(name)); return t }
	return &challengeShown{
		sentTo: text("sent_to"), mail: text("mail"), length: number("code_length"), attempts: number("attempts_left"),
		days: number("remember_days"), expires: at("expires_at"), resend: at("resend_at"),
	}
}
