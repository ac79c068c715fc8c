package pages

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/policies"
	"nidan/records"
	"nidan/server/console"
	"nidan/server/session"
)

type overviewPage struct {
	console.Overview
	MayRecords bool
	Plots      []*plot
	Tiles      []tile
	Reasons    []reasonsOf
	Mails      []tile
	Codes      []tile
	Changes    []change

	zone  *time.Location
	frame frame // has the texts
}

// tile is a number that the page shows large.
type tile struct {
	Name  string // name of its text
	Count int64
	Link  string // empty: no link
	Bad   bool   // a number above 0 is bad
}

type change struct {
	records.Record
	Mark, Letter string // kind and letter of the mark in the plots
	Link         string
	Moment       moment
}

// mostChanges is how many changes the list shows at once. The others are in a part of the page that a reader opens: every mark of the plots
// can be reached by keyboard there.
const mostChanges = 8

// FirstChanges returns the newest changes.
func (p *overviewPage) FirstChanges() []change { return p.Changes[:min(len(p.Changes), mostChanges)] }

// OtherChanges returns the changes that FirstChanges leaves out.
func (p *overviewPage) OtherChanges() []change { return p.Changes[len(p.FirstChanges()):] }

// Periods returns the periods that can be chosen.
func (p *overviewPage) Periods() []console.Period { return console.Periods }

func (p *overviewPage) change(r records.Record) change {
	minute := r.At.Truncate(time.Minute)
	c := change{
		r, "policies", "P", p.linkWithin(minute, minute.Add(time.Minute), map[string]string{"outcome": "kind." + r.Kind}),
		p.frame.Moment(r.At),
	}
	if r.Kind == "settings_changed" {
		c.Mark, c.Letter = "settings", "S"
	}
	return c
}

// Shown returns the number with commas between thousands.
func (t tile) Shown() string { return grouped(t.Count) }

type reasonsOf struct {
	Result  records.Result
	Total   int64
	Link    string
	Reasons []reasonBar
}

// reasonBar is a reason with its bar. The bar's length is relative to the most frequent reason.
type reasonBar struct {
	Reason  string
	Count   int64
	Percent string
	N       int // colour of the result
	Link    string
}

// Shown returns the number with commas between thousands.
func (r reasonBar) Shown() string { return grouped(r.Count) }

// Shown returns the number with commas between thousands.
func (r reasonsOf) Shown() string { return grouped(r.Total) }

func (h *Handler) overview(c echo.Context, who session.Visitor) error {
	period, err := console.ReadPeriod(c.QueryParam("period"))
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	o, err := h.Console.Overview(ctx, who, period)
	if err != nil {
		return h.elsewhere(c, who, err)
	}
	p := overviewPage{Overview: o, zone: h.TimeZone, MayRecords: h.Console.May(ctx, who, policies.ViewRecords, nil) == nil}
	p.frame = h.frameOf(c)
	for _, r := range o.Changes {
		p.Changes = append(p.Changes, p.change(r))
	}
	p.fill()
	if !o.Whole {
		c.Response().Header().Set("Refresh", lookAgain)
	}
	return h.show(c, who, http.StatusOK, "overview", "overview", &p)
}

// elsewhere sends a visitor who may not see the overview to the first page that they may see. Policies from before there was an
// overview let nobody see it.
func (h *Handler) elsewhere(c echo.Context, who session.Visitor, err error) error {
	var refusal *console.Refusal
	if !errors.As(err, &refusal) || refusal.SignInAgain() || refusal.AAL2Needed() {
		return err
	}
	return h.start(c, who)
}

func (p *overviewPage) fill() {
	p.Tiles = []tile{{"all_sign_ins", p.Total(), p.link("kind.sign_in", "", ""), false}}
	for _, r := range records.Results {
		if n := p.Results[r]; n > 0 || r != records.ResultFactor {
			p.Tiles = append(p.Tiles, tile{"result_" + string(r), n, p.link(string(r), "", ""), false})
		}
	}
	wrong := p.States[string(challenge.CodeMismatch)] + p.States[string(challenge.AttemptsExceeded)]
	p.Codes = []tile{
		{"wrong_codes_tried", wrong, p.link("state."+string(challenge.CodeMismatch), "", ""), wrong > 0},
		p.refusedFor("account_locked"), p.refusedFor(challenge.ReasonWrongCodes),
	}
	for _, kind := range []string{"mail_sent", "mail_dropped", "mail_refused", "mail_given_up"} {
		n := p.Kinds[kind]
		p.Mails = append(p.Mails, tile{"kind_" + kind, n, p.link("kind."+kind, "", ""), n > 0 && (kind == "mail_refused" || kind == "mail_given_up")})
	}
	p.fillReasons()
	if p.Total() > 0 || len(p.Changes) > 0 {
		p.Plots = []*plot{p.byResult(), p.byChannel()}
	}
	if p.Shadow != nil || p.ShadowTotal.Compared > 0 {
		p.Plots = append(p.Plots, p.byShadow())
	}
}

func (p *overviewPage) refusedFor(reason string) tile {
	n := int64(0)
	for _, r := range p.Overview.Reasons {
		if r.Reason == reason {
			n += r.SignIns
		}
	}
	return tile{"tile_" + reason, n, p.linkOf(map[string]string{"outcome": "kind.sign_in", "reason": reason}), n > 0}
}

// link returns a link to the records of the whole period. It is empty if the visitor may not see records.
func (p *overviewPage) link(outcome, channel, reason string) string {
	return p.linkOf(map[string]string{"outcome": outcome, "channel": channel, "reason": reason})
}

func (p *overviewPage) linkOf(narrowed map[string]string) string {
	return p.linkWithin(p.From, p.To, narrowed)
}

func (p *overviewPage) linkWithin(from, to time.Time, narrowed map[string]string) string {
	if !p.MayRecords {
		return ""
	}
	narrowed["from"], narrowed["to"] = from.In(p.zone).Format(at[0]), to.In(p.zone).Format(at[0])
	return recordsLink(narrowed)
}

func (p *overviewPage) fillReasons() {
	most := int64(1)
	for _, r := range p.Overview.Reasons {
		most = max(most, r.SignIns)
	}
	for n, result := range records.Results {
		of := reasonsOf{Result: result, Total: p.Results[result], Link: p.link(string(result), "", "")}
		for _, r := range p.Overview.Reasons {
			if r.Result == result {
				of.Reasons = append(of.Reasons, reasonBar{
					r.Reason, r.SignIns, percent(max(.5, 100*float64(r.SignIns)/float64(most))), n + 1, p.link(string(result), "", r.Reason),
				})
			}
		}
		if len(of.Reasons) > 0 {
			p.Reasons = append(p.Reasons, of)
		}
	}
}

func (p *overviewPage) byResult() *plot {
	var all []series
	for n, r := range records.Results {
		if p.Results[r] > 0 {
			all = append(all, series{n + 1, p.frame.texts["result_"+string(r)], p.Results[r], p.link(string(r), "", "")})
		}
	}
	keys := slices.DeleteFunc(slices.Clone(records.Results), func(r records.Result) bool { return p.Results[r] == 0 })
	return p.plot("by_result", all, func(b console.Bar, i int) (int64, map[string]string) {
		return b.Results[keys[i]], map[string]string{"outcome": string(keys[i])}
	})
}

// mostChannels is how many channels have a colour of their own.
const mostChannels = 5

func (p *overviewPage) byChannel() *plot {
	channels := slices.SortedFunc(maps.Keys(p.Channels), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.Channels[b], p.Channels[a]), cmp.Compare(a, b))
	})
	shown := channels[:min(len(channels), mostChannels)]
	var all []series
	for n, c := range shown {
		all = append(all, series{n + 1, p.frame.ChannelOr(c), p.Channels[c], p.link("kind.sign_in", c, "")})
	}
	others := int64(0)
	for _, c := range channels[len(shown):] {
		others += p.Channels[c]
	}
	if others > 0 {
		all = append(all, series{mostChannels + 1, p.frame.texts["other_channels"], others, p.link("kind.sign_in", "", "")})
	}
	return p.plot("by_channel", all, func(b console.Bar, i int) (n int64, narrowed map[string]string) {
		if i < len(shown) {
			return b.Channels[shown[i]], map[string]string{"outcome": "kind.sign_in", "channel": shown[i]}
		}
		for _, c := range channels[len(shown):] {
			n += b.Channels[c]
		}
		return n, map[string]string{"outcome": "kind.sign_in"}
	})
}

// plot returns a plot of sign-ins. The function of returns the number of a series in a bar, and the filter for its records.
func (p *overviewPage) plot(id string, all []series, of func(console.Bar, int) (int64, map[string]string)) *plot {
	says := fmt.Sprintf(p.frame.texts["plot_says"], p.frame.Time(p.From), p.frame.Time(p.To), p.Total())
	return p.bars(id, says, all, func(b console.Bar) string {
		return p.linkWithin(b.From, b.To, map[string]string{"outcome": "kind.sign_in"})
	}, func(b console.Bar, j int) (int64, string) {
		n, narrowed := of(b, j)
		return n, p.linkWithin(b.From, b.To, narrowed)
	})
}

// bars returns a plot with all bars. The function link returns the link of a bar; the function of returns the number and the link of one
// of its parts.
func (p *overviewPage) bars(
	id, says string, all []series, link func(console.Bar) string, of func(console.Bar, int) (int64, string),
) *plot {
	texts := p.frame.texts
	drawn := &plot{ID: id, Title: texts[id], Desc: says, Series: all}
	for i, b := range p.Bars {
		c := column{From: b.From, When: p.when(b), Link: link(b)}
		c.Label, c.Minor = p.label(i, b.From)
		for j, s := range all {
			n, to := of(b, j)
			c.Parts = append(c.Parts, part{series: s, Count: n, Link: to, Says: fmt.Sprintf(texts["part_says"], c.When, s.Name, n)})
		}
		drawn.Columns = append(drawn.Columns, c)
	}
	for _, r := range slices.Backward(p.Changes) {
		m := mark{Kind: r.Mark, Sign: r.Letter, Says: p.frame.Time(r.At) + " " + cmp.Or(texts["kind_"+r.Kind], r.Kind), Link: r.Link}
		drawn.mark(r.At, p.From, p.To, m)
	}
	drawn.draw()
	return drawn
}

func (p *overviewPage) when(b console.Bar) string {
	from, to := b.From.In(p.zone), b.To.In(p.zone)
	if p.Period == console.Month {
		return from.Format("2006-01-02")
	}
	return from.Format("2006-01-02 15:04") + "–" + to.Format("15:04")
}

// label returns the text under a bar, if there is room: at each third hour, each day or each third day. On narrow pages, minor labels
// are hidden, which are every other one.
func (p *overviewPage) label(i int, from time.Time) (text string, minor bool) {
	from = from.In(p.zone)
	switch p.Period {
	case console.Day:
		if i%3 == 0 {
			return from.Format("15:04"), i%6 != 0
		}
	case console.Week:
		if from.Hour() == 0 {
			return from.Format("1/2"), i/4%2 != 0
		}
	default:
		if i%3 == 0 {
			return from.Format("1/2"), i%6 != 0
		}
	}
	return "", false
}
