package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/kratos"
	"nidan/policies"
	"nidan/server/console"
	"nidan/server/session"
)

type accountList struct {
	console.AccountPage
	Search, In, Role, State string
	Factor                  string
	Factors                 []string
	ShowID, Edit            bool
	Roles                   []string
	Rows                    []row
	First                   bool      // this is the first page
	Problems                []problem // problems of the filter's fields; empty: the filter is valid

	here url.Values
}

type row struct {
	console.Account
	Switchable bool
	Why        string // why Switchable is false: the policies' reason
}

func (h *Handler) accounts(c echo.Context, who session.Visitor) error {
	ctx, q := c.Request().Context(), c.QueryParams()
	l := accountList{
		Search: strings.TrimSpace(q.Get("q")), In: q.Get("in"), Role: q.Get("role"), State: q.Get("state"), Factor: q.Get("factor"),
		Factors: []string{console.NoFactor, "totp", "webauthn", "lookup_secret"}, First: q.Get("from") == "",
		ShowID: q.Get("id") == "1", Edit: q.Get("edit") == "1", Roles: kratos.Roles, here: q,
	}
	if l.check(); len(l.Problems) > 0 {
		if err := h.Console.May(ctx, who, policies.ViewAccounts, nil); err != nil {
			return err
		}
		return h.show(c, who, http.StatusUnprocessableEntity, "accounts", "accounts", l)
	}
	f := console.AccountFilter{Role: l.Role, State: l.State, Factor: l.Factor, From: q.Get("from")}
	if l.In == "text" {
		f.Text = l.Search
	} else {
		f.Prefix = l.Search
	}
	var err error
	if l.AccountPage, err = h.Console.Accounts(ctx, who, f); err != nil {
		if status := l.searchFailed(err); status != 0 {
			return h.show(c, who, status, "accounts", "accounts", l)
		}
		return err
	}
	for _, a := range l.Accounts {
		r := row{Account: a}
		if l.Edit {
			if r.Switchable, r.Why, err = h.switchable(c, who, a); err != nil {
				return err
			}
		}
		l.Rows = append(l.Rows, r)
	}
	return h.show(c, who, http.StatusOK, "accounts", "accounts", l)
}

// switchable says whether the visitor may change an account's flag to the other value, and if not, why.
func (h *Handler) switchable(c echo.Context, who session.Visitor, a console.Account) (bool, string, error) {
	if a.Unreadable != "" {
		return false, "unreadable", nil
	}
	err := h.Console.MaySwitch(c.Request().Context(), who, a)
	var refusal *console.Refusal
	if errors.As(err, &refusal) {
		return false, refusal.Reason, nil
	}
	return err == nil, "", err
}

// Query returns the query of this page with one value changed. An empty value removes it.
func (l accountList) Query(name, value string) string {
	q := url.Values{}
	for n, values := range l.here {
		q[n] = slices.Clone(values)
	}
	q.Del("done")
	if value == "" {
		q.Del(name)
	} else {
		q.Set(name, value)
	}
	return "?" + q.Encode()
}

// saveAccounts asks for confirmation, and then switches each account whose checkbox has changed.
func (h *Handler) saveAccounts(c echo.Context, who session.Visitor) error {
	ctx := c.Request().Context()
	if err := h.Console.May(ctx, who, policies.ViewAccounts, nil); err != nil {
		return err
	}
	changes, ok := readChanges(c)
	if !ok {
		return console.ErrInvalid
	}
	if len(changes) == 0 {
		return h.done(c, "/console/accounts", "nothing_changed")
	}
	if !confirmed(c) {
		return h.askChanges(c, who, changes)
	}
	results := h.Console.Switch(ctx, who, changes)
	failed := slices.DeleteFunc(slices.Clone(results), func(r console.Changed) bool { return r.Err == nil })
	if len(failed) == 0 {
		return h.done(c, "/console/accounts", "saved")
	}
	rows := make([]failure, len(failed))
	for i, r := range failed {
		why, refused := r.Why()
		if refused {
			why = "refused_" + why
		}
		rows[i] = failure{Account: r.Account, Why: why}
	}
	return h.show(c, who, http.StatusConflict, "accounts_failed", "accounts", struct {
		Failed []failure
		Done   int
	}{rows, len(results) - len(failed)})
}

// failure is a change that was not made. Why is the name of the text with the reason.
type failure struct {
	Account console.Account
	Why     string
}

// readChanges reads the form. The fields "was_on" and "was_off" have the IDs of the accounts whose checkbox was checked or not when
// the page was shown. The field "on" has the IDs of the accounts whose checkbox is checked now.
func readChanges(c echo.Context) (changes []console.Change, ok bool) {
	form, err := c.FormParams()
	if err != nil {
		return nil, false
	}
	for _, was := range []struct {
		name string
		on   bool
	}{{"was_on", true}, {"was_off", false}} {
		for _, id := range form[was.name] {
			if on := slices.Contains(form["on"], id); on != was.on {
				changes = append(changes, console.Change{ID: id, Was: was.on, On: on})
			}
		}
	}
	return changes, len(changes) <= console.MostChanges
}

// askChanges asks for confirmation. It shows the accounts' current names.
func (h *Handler) askChanges(c echo.Context, who session.Visitor, changes []console.Change) error {
	onOff := map[bool]string{true: "on", false: "off"}
	var lines []line
	for _, change := range changes {
		name, err := h.Console.Name(c.Request().Context(), who, change.ID)
		if err != nil {
			return err
		}
		lines = append(lines, line{Subject: name, What: "two_step", From: onOff[change.Was], To: onOff[change.On]})
	}
	return h.ask(c, who, "accounts", "/console/accounts", lines)
}
