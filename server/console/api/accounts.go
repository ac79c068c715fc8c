package api

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/policies"
	"nidan/server/console"
	"nidan/server/session"
)

type account struct {
	ID              string `json:"id"`
	Account         string `json:"account"`
	Name            string `json:"name"`
	Role            string `json:"role"`
	Email           string `json:"email"` // empty: no address
	TwoFactor       bool   `json:"two_factor"`
	State           string `json:"state"`
	Locked          bool   `json:"locked"`
	PasswordExpired bool   `json:"password_expired"`
	Problem         string `json:"problem"` // why the account's data cannot be read, so that nobody can sign in with it; else empty
	// Factors are the enrolled second factors, by Kratos' names; null: not known.
	Factors []string `json:"factors"`
}

func accountOf(a console.Account) account {
	return account{
		ID: a.ID, Account: a.Person.Account, Name: a.Person.Name, Role: a.Person.Role, Email: a.Person.Email,
		TwoFactor: a.Person.TwoFactor, State: a.State, Locked: a.Person.Locked, PasswordExpired: a.Person.PasswordExpired,
		Problem: a.Unreadable, Factors: a.Factors,
	}
}

type device struct {
	ID         string    `json:"id"`
	Channel    string    `json:"channel"`
	VerifiedAt time.Time `json:"verified_at"`
	IP         string    `json:"ip"`
	UserAgent  string    `json:"user_agent"`
}

// detail is an account with everything that the console shows about it.
type detail struct {
	account
	Devices    []device             `json:"devices"`
	WrongCodes int                  `json:"wrong_codes"`
	Records    []console.RecordJSON `json:"records"`
}

func detailOf(d console.AccountDetail) detail {
	shown := detail{account: accountOf(d.Account), WrongCodes: d.WrongCodes, Devices: []device{}, Records: recordsOf(d.Records)}
	for _, v := range d.Devices {
		shown.Devices = append(shown.Devices, device{hex.EncodeToString(v.TokenHash), v.Channel, v.VerifiedAt, v.IP, v.UserAgent})
	}
	return shown
}

func (h *Handler) accounts(c echo.Context, who session.Visitor) error {
	page, err := h.Console.Accounts(c.Request().Context(), who, console.AccountFilter{
		Prefix: c.QueryParam("prefix"), Text: c.QueryParam("text"), Role: c.QueryParam("role"), State: c.QueryParam("state"),
		Factor: c.QueryParam("factor"), From: c.QueryParam("from"),
	})
	if err != nil {
		return err
	}
	found := []account{}
	for _, a := range page.Accounts {
		found = append(found, accountOf(a))
	}
	return c.JSON(http.StatusOK, struct {
		Accounts []account `json:"accounts"`
		Next     string    `json:"next"`
		Searched int       `json:"searched"`
	}{found, page.Next, page.Searched})
}

func (h *Handler) account(c echo.Context, who session.Visitor) error {
	d, err := h.Console.Account(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, detailOf(d))
}

func (h *Handler) me(c echo.Context, who session.Visitor) error {
	d, err := h.Console.Self(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, detailOf(d))
}

// flag is the new value of an account's flag, and the value that the client has seen last.
type flag struct {
	Enabled *bool `json:"enabled"`
	Was     *bool `json:"was"`
}

func (f flag) change(id string) (console.Change, error) {
	if f.Enabled == nil || f.Was == nil {
		return console.Change{}, fmt.Errorf("%w: enabled and was are needed", console.ErrInvalid)
	}
	return console.Change{ID: id, Was: *f.Was, On: *f.Enabled}, nil
}

func (h *Handler) switchAccount(c echo.Context, who session.Visitor) error {
	change, err := readFlag(c)
	if err != nil {
		return err
	}
	if err := h.Console.Switch(c.Request().Context(), who, []console.Change{change})[0].Err; err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (h *Handler) switchMe(c echo.Context, who session.Visitor) error {
	change, err := readFlag(c)
	if err != nil {
		return err
	}
	if err := h.Console.SwitchSelf(c.Request().Context(), who, change); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func readFlag(c echo.Context) (console.Change, error) {
	var f flag
	if err := readJSON(c, &f); err != nil {
		return console.Change{}, err
	}
	return f.change(c.Param("id"))
}

// switchAccounts changes each account by itself, and returns the result of each change.
func (h *Handler) switchAccounts(c echo.Context, who session.Visitor) error {
	var asked []struct {
		ID string `json:"id"`
		flag
	}
	if err := readJSON(c, &asked); err != nil {
		return err
	}
	if len(asked) > console.MostChanges {
		return fmt.Errorf("%w: more than %d changes", console.ErrInvalid, console.MostChanges)
	}
	var changes []console.Change
	for _, a := range asked {
		change, err := a.change(a.ID)
		if err != nil {
			return err
		}
		changes = append(changes, change)
	}
	if err := h.Console.May(c.Request().Context(), who, policies.ViewAccounts, nil); err != nil {
		return err
	}
	type result struct {
		ID    string `json:"id"`
		Error string `json:"error"` // empty: the flag was changed
	}
	results := []result{}
	for _, r := range h.Console.Switch(c.Request().Context(), who, changes) {
		why, _ := r.Why()
		results = append(results, result{r.ID, why})
	}
	return c.JSON(http.StatusOK, map[string]any{"results": results})
}
