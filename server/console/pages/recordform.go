package pages

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"nidan/records"
)

// recordForm is the filter form of the records, as the visitor has filled it in.
type recordForm struct {
	Outcome, Channel, Account, From, To string
	Reason, Flow                        string          // not in the form: a link sets them, and the page can remove them
	Wrong                               map[string]bool // names of the fields whose values are invalid

	filter records.Filter
}

// The prefixes of the form's outcomes. An outcome without a prefix is a result of sign-ins. A result, and the kind of sign-ins, show
// one row for each sign-in. A state shows one row for each record.
const (
	outcomeState = "state."
	outcomeKind  = "kind."
)

// at has the formats in which a browser sends a time, without and with seconds (HTML, "local date and time").
var at = []string{"2006-01-02T15:04", "2006-01-02T15:04:05"}

// readRecordForm reads the form. If a field is invalid, the form names it, and the page must show no records, because it would show
// more than the visitor has asked for.
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

// signInStates returns all states of the records of sign-ins.
func signInStates() (all []string) {
	for _, r := range records.Results {
		all = append(all, r.States()...)
	}
	return all
}

// Results returns the results that can be chosen.
func (recordForm) Results() []records.Result { return records.Results }

// States returns the states that can be chosen. A sign-in may have several of them.
func (recordForm) States() []string { return signInStates() }

// Kinds returns the kinds of records that can be chosen.
func (recordForm) Kinds() []string { return records.Kinds }

// Query returns the form as a query with one value changed. An empty value removes it.
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

// Narrowed says whether the form has a filter.
func (f recordForm) Narrowed() bool { return f.Query("", "") != "?" }
