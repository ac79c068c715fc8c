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

// plain is what the page shows where no script runs: the step of the sign-in at which its flow stands.
type plain struct {
	Flow, CSRFToken string
	Said            *said     // above all; nil: nothing
	Code            *codeStep // in place of all other ways in; nil: no code is asked for
	Again           bool      // what was typed may be sent once more, as it is
	Ended           string    // where to begin again, where nothing else helps; empty: something does
	Identifier      string    // as it was last entered, if that is known
}

// ends are the states after which only another sign-in helps.
var ends = []string{"cancelled", "sign_in_again", "client_too_old"}

// codeStep is the step with the code.
type codeStep struct {
	Where     string // where the code went, and how long it holds
	Label     string // of the field
	Remember  string // label of the tick; empty: there is none
	Ticked    bool
	Closed    bool // the code can no longer be entered: only another one helps
	MaySend   bool // another code
	SendAgain string
	Mail      string // where a demonstration shows the mail
}

// challengeShown is what a message says of the code that is out (contract, section 1).
type challengeShown struct {
	sentTo, mail           string
	length, attempts, days int
	expires, resend        time.Time
}

// plainOf is the step at which a flow stands. Kept is what the browser kept of the first step, if it kept anything: without it, the code
// alone would be no use.
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
	case ch != nil: // what was typed is not there any more
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

// kindOf is the kind of a message: Kratos knows two.
func kindOf(m kratos.Message) string {
	if m.Type == "info" {
		return "info"
	}
	return "error"
}

// sentence is what a state says, in the page's language. The policies' own words stay as they came.
func (h *Handler) sentence(state string, m kratos.Message, ch *challengeShown, locale string) string {
	name := state
	switch {
	case ch == nil && state == "too_many_codes":
		return m.Text // only the server knows for how long
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

// whereItIs is the name of the sentence about the code. What has not gone out is not said to have been sent.
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

// facts are what a sentence about the code may mention. The page stands still, so the time that is left is told without seconds, until only
// they are left.
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

// fill is a text with what it mentions put in.
func (h *Handler) fill(locale, name string, facts map[string]string) string {
	var pairs []string
	for fact, value := range facts {
		pairs = append(pairs, fmt.Sprintf("{{.%s}}", fact), value)
	}
	return strings.NewReplacer(pairs...).Replace(h.Texts[locale][name])
}

// challengeOf is the challenge in a message, nil where there is none. It comes as JSON, so that all numbers are float64.
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
