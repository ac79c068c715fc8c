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

// policyInput makes the input of the policies. It holds no code, no token and no cookie, because the record stores it. Midnights are
// counted in now's time zone.
func policyInput(now time.Time, c call, on exchange.Situation) policies.Input {
	p := c.payload
	in := policies.Input{
		Now:      now.UTC(),
		Settings: PolicySettings(on.Settings),
		Account:  PolicyAccount(p.Identity, c.person),
		Request: policies.Request{
			Method: p.Session.method(), FlowType: p.Flow.Type, ReturnTo: returnTo(p.Flow), Headers: plainHeaders(p.RequestHeaders),
			OAuth2Client: p.Flow.oauth2Client(),
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

// days formats dates. It keeps the text of the last day, so that the sign-ins of a day allocate it once.
type days struct{ last atomic.Pointer[day] }

type day struct {
	year  int
	month time.Month
	day   int
	text  string
}

// of is the date of now in its time zone, as 2026-04-01.
func (d *days) of(now time.Time) string {
	year, month, n := now.Date()
	if last := d.last.Load(); last != nil && last.year == year && last.month == month && last.day == n {
		return last.text
	}
	today := &day{year, month, n, now.Format(time.DateOnly)}
	d.last.Store(today)
	return today.text
}

// PolicySettings are the settings as input.settings of the policies. The switches of the web console and the softphone are also fields of
// their own, because rules that teams wrote before channels had a list read those fields.
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

// PolicyAccount is an account as input.account of the policies.
func PolicyAccount(id kratos.Identity, who kratos.Person) policies.Account {
	return policies.Account{
		ID: id.ID, Name: who.Account, Role: who.Role, Email: who.Email, HasEmail: who.Email != "", TwoFactor: who.TwoFactor,
		State: id.State, Locked: who.Locked, PasswordExpired: who.PasswordExpired, Locale: who.Locale, Plan: who.Plan,
	}
}

// returnTo is where the browser goes after the sign-in. Kratos v1.3.1 has it in the URL that the flow was begun with.
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

// plainHeaders are the headers, with names in lower case. Headers that carry a secret are left out, whatever Kratos' list of allowed
// headers says. The headers of the client's address are left out too: policies read input.request.ip.
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
