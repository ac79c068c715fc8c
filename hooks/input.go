package hooks

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"nidan/exchange"
	"nidan/kratos"
	"nidan/policies"
	"nidan/settings"
)

// policyInput puts together what the policies are asked. No code, no token and no cookie is in it: it is kept on record.
//
// Midnights are those of now's time zone.
func policyInput(now time.Time, c call, on exchange.Situation) policies.Input {
	p := c.payload
	in := policies.Input{
		Now:      now.UTC(),
		Settings: PolicySettings(on.Settings),
		Account:  PolicyAccount(p.Identity, c.person),
		Request: policies.Request{
			Method: p.Session.method(), FlowType: p.Flow.Type, ReturnTo: returnTo(p.Flow), Headers: plainHeaders(p.RequestHeaders),
			OAuth2Client: p.Flow.OAuth2.Client.ID,
			Client:       policies.Client(p.Flow.TransientPayload.TwoFactor.Client),
			Refresh:      p.Flow.Refresh, RequestedAAL: p.Flow.RequestedAAL,
			IP: c.from.ip, IPTrusted: c.from.trusted, UserAgent: p.Session.device().UserAgent, Locale: c.locale,
		},
	}
	if d := on.Device; d.Known() {
		in.Device = policies.Device{Known: true, Channel: d.Channel, AgeDays: d.AgeDays(now), AgeCalendarDays: d.AgeCalendarDays(now)}
	}
	if open := on.Challenge; open.Open() {
		in.Challenge = &policies.Challenge{ID: open.ID, Channel: open.Channel, AttemptsLeft: open.AttemptsLeft}
	}
	return in
}

// days says which day it is, and writes down each day once: the sign-ins of a day share the text.
type days struct{ last atomic.Pointer[day] }

type day struct {
	year  int
	month time.Month
	day   int
	text  string
}

// of is the day of an instant, in its time zone: 2026-04-01.
func (d *days) of(now time.Time) string {
	year, month, n := now.Date()
	if last := d.last.Load(); last != nil && last.year == year && last.month == month && last.day == n {
		return last.text
	}
	today := &day{year, month, n, now.Format(time.DateOnly)}
	d.last.Store(today)
	return today.text
}

// PolicySettings are the switches as the policies are told of them. Those of the web console and of the softphone stand there by themselves,
// too: rules that teams wrote before each channel had a switch ask for these.
func PolicySettings(s settings.Settings) policies.Settings {
	channels := maps.Clone(s.Channels)
	if channels == nil {
		channels = map[string]bool{}
	}
	channels["admin_console"], channels["softphone"] = s.On("admin_console"), s.On("softphone")
	return policies.Settings{
		TwoFactor: s.TwoFactor, AdminConsole: channels["admin_console"], Softphone: channels["softphone"], Channels: channels,
		Remember: s.Remember, RememberDays: s.RememberDays,
	}
}

// PolicyAccount is an account as the policies are told of it.
func PolicyAccount(id kratos.Identity, who kratos.Person) policies.Account {
	return policies.Account{
		ID: id.ID, Name: who.Account, Role: who.Role, Email: who.Email, HasEmail: who.Email != "", TwoFactor: who.TwoFactor,
		State: id.State, Locked: who.Locked, PasswordExpired: who.PasswordExpired, Locale: who.Locale, Plan: who.Plan,
	}
}

// returnTo is where a browser goes afterwards: Kratos keeps it in the address that the flow was begun with.
func returnTo(f flow) string {
	if f.ReturnTo != "" {
		return f.ReturnTo
	}
	u, err := url.Parse(f.RequestURL)
	if err != nil {
		return ""
	}
	return u.Query().Get("return_to")
}

// plainHeaders are the headers with their names in lower case. Those that carry a secret are left out, whatever Kratos'
// own list of allowed headers says; so is the client's address, which policies are told in a place of its own.
func plainHeaders(h http.Header) map[string]string {
	plain := make(map[string]string, len(h))
	for name, values := range h {
		switch name = strings.ToLower(name); name {
		case "cookie", "authorization", "proxy-authorization", "x-session-token", strings.ToLower(SignatureHeader), strings.ToLower(AddressHeader):
		default:
			plain[name] = strings.Join(values, ", ")
		}
	}
	return plain
}
