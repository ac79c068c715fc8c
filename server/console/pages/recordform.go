package pages

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"nidan/records"
)

// recordForm is the form that narrows records down, as it was typed.
type recordForm struct {
	Outcome, Channel, Account, From, To string
	Reason, Flow                        string          // not in the form: a link gives them, and they can be taken away
	Wrong                               map[string]bool // what cannot be read, by the name of its field

	filter records.Filter
}

// What there is to choose as an outcome begins so, unless it is a result of sign-ins: one answer of several in a sign-in, or a kind of
// records. Results show a sign-in in one row, and so does the kind of sign-ins.
const (
	outcomeState = "state."
	outcomeKind  = "kind."
)

// at is how a browser gives a time without seconds, and with them (HTML, "local date and time").
var at = []string{"2006-01-02T15:04", "2006-01-02T15:04:05"}

// readRecordForm reads the form. What cannot be read is named, and nothing may be shown: it would be more than was asked for.
func (h *Handler) readRecordForm(q url.Values) recordForm {
	f := recordForm{
		Outcome: q.Get("outcome"), Channel: q.Get("channel"), Account: strings.TrimSpace(q.Get("account")), From: q.Get("from"), To: q.Get("to"),
		Reason: q.Get("reason"), Flow: q.Get("flow"), Wrong: map[string]bool{},
	}
	if kind := q.Get("kind"); kind != "" && f.Outcome == "" { // links from before there were outcomes
		f.Outcome = outcomeKind + kind
	}
	f.filter = records.Filter{
		Account: f.Account, Channel: f.Channel, Reason: f.Reason, Flow: f.Flow, Rows: f.Flow == "",
	}
	f.readOutcome()
	f.filter.From, f.filter.To = f.readTime("from", f.From, h.TimeZone), f.readTime("to", f.To, h.TimeZone)
	if !f.filter.From.IsZero() && !f.filter.To.IsZero() && !f.filter.From.Before(f.filter.To) {
		f.Wrong["to"] = true
	}
	if typed := q.Get("before"); typed != "" {
		before, err := strconv.ParseInt(typed, 10, 64)
		f.filter.Before, f.Wrong["before"] = before, err != nil
	}
	for name, wrong := range f.Wrong {
		if !wrong {
			delete(f.Wrong, name)
		}
	}
	return f
}

func (f *recordForm) readOutcome() {
	state, isState := strings.CutPrefix(f.Outcome, outcomeState)
	kind, isKind := strings.CutPrefix(f.Outcome, outcomeKind)
	switch {
	case f.Outcome == "":
	case isState && slices.Contains(signInStates(), state):
		f.filter.Kind, f.filter.States, f.filter.Rows = "sign_in", []string{state}, false
	case isKind && slices.Contains(records.Kinds, kind):
		f.filter.Kind = kind
	case slices.Contains(records.Results, records.Result(f.Outcome)):
		f.filter.Kind, f.filter.States = "sign_in", records.Result(f.Outcome).States()
	default:
		f.Wrong["outcome"] = true
	}
}

func (f *recordForm) readTime(name, typed string, zone *time.Location) (t time.Time) {
	if typed == "" {
		return t
	}
	for _, layout := range at {
		if t, err := time.ParseInLocation(layout, typed, zone); err == nil {
			return t
		}
	}
	f.Wrong[name] = true
	return t
}

// signInStates are all states of the records of sign-ins.
func signInStates() (all []string) {
	for _, r := range records.Results {
		all = append(all, r.States()...)
	}
	return all
}

// Results, States and Kinds are what there is to choose.
func (recordForm) Results() []records.Result { return records.Results }

// States are the answers that a sign-in may have several of.
func (recordForm) States() []string { return signInStates() }

// Kinds are the kinds of records.
func (recordForm) Kinds() []string { return records.Kinds }

// Query is the form as a query, with one thing changed: "" takes it away.
func (f recordForm) Query(name, value string) string {
	q := url.Values{}
	for n, v := range map[string]string{
		"outcome": f.Outcome, "channel": f.Channel, "account": f.Account, "from": f.From, "to": f.To, "reason": f.Reason, "flow": f.Flow, name: value,
	} {
		if v != "" {
			q.Set(n, v)
		}
	}
	return "?" + q.Encode()
}

// Narrowed says whether the form narrows anything down.
func (f recordForm) Narrowed() bool { return f.Query("", "") != "?" }
