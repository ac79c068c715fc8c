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

// accountList is the page of the accounts.
type accountList struct {
	console.AccountPage
	Search, In, Role, State string
	Factor                  string
	Factors                 []string
	ShowID, Edit            bool
	Roles                   []string
	Rows                    []row
	First                   bool      // nothing comes before this page
	Problems                []problem // what is wrong with the filter; none: it is all right

	here url.Values
}

// row is an account in the list.
type row struct {
	console.Account
	Switchable bool
	Why        string // it is not: the policies' reason
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

// switchable says whether an account's flag may be changed to what it is not, and if not, why.
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

// Query is this page's own query with one thing changed: "" takes it away.
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

// saveAccounts asks back, then switches each account of the form whose box is not as it was.
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

// failure is a change that was not made, with the name of the text that says why.
type failure struct {
	Account console.Account
	Why     string
}

// readChanges reads the form: for each account "was", what its box was, and "on" where it is checked now. Both hold an
// account's id.
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

// askChanges names the accounts by what Kratos calls them now.
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
