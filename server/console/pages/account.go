package pages

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/mileusna/useragent"

	"nidan/challenge"
	"nidan/kratos"
	"nidan/policies"
	"nidan/server/console"
	"nidan/server/session"
)

type accountPage struct {
	console.AccountDetail
	Base        string // path of the page
	Self        bool   // the account is the visitor's own
	Edit        bool
	Switchable  bool
	Why         string // why Switchable is false: the policies' reason
	SetUp       bool   // two-step verification is switched on in the settings
	ForgetThese bool   // the visitor may delete the account's devices
	Clear       bool   // the visitor may clear the account's wrong codes
	Devices     []device
	Records     []record
}

type device struct {
	challenge.Device
	ID   string // value for the form
	What string // browser and system, if the user agent names them
}

func devicesOf(all []challenge.Device) []device {
	shown := make([]device, len(all))
	for i, d := range all {
		ua := useragent.Parse(d.UserAgent)
		what := strings.TrimSpace(strings.Join([]string{ua.Name, ua.OS}, " · "))
		shown[i] = device{Device: d, ID: hex.EncodeToString(d.TokenHash), What: strings.Trim(what, "· ")}
		shown[i].IP, _, _ = strings.Cut(d.IP, ":")
		if strings.Count(d.IP, ":") > 1 { // an IPv6 address, with or without a port
			shown[i].IP = d.IP
		}
	}
	return shown
}

func (h *Handler) account(c echo.Context, who session.Visitor) error {
	ctx := c.Request().Context()
	d, err := h.Console.Account(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	p := accountPage{AccountDetail: d, Base: "/console/accounts/" + d.ID, Edit: c.QueryParam("edit") == "1"}
	if p.Switchable, p.Why, err = h.switchable(c, who, d.Account); err != nil {
		return err
	}
	p.ForgetThese = h.Console.May(ctx, who, policies.ForgetAccountsDevices, &d.Account) == nil
	p.Clear = h.Console.May(ctx, who, policies.ClearWrongCodes, &d.Account) == nil
	return h.showAccount(c, who, "accounts", p)
}

func (h *Handler) me(c echo.Context, who session.Visitor) error {
	d, err := h.Console.Self(c.Request().Context(), who)
	if err != nil {
		return err
	}
	p := accountPage{AccountDetail: d, Base: "/console/me", Self: true, Edit: c.QueryParam("edit") == "1", ForgetThese: true}
	if p.Switchable, p.Why, err = h.switchable(c, who, d.Account); err != nil {
		return err
	}
	return h.showAccount(c, who, "me", p)
}

func (h *Handler) showAccount(c echo.Context, who session.Visitor, at string, p accountPage) error {
	p.SetUp = who.Settings.TwoFactor
	p.Devices, p.Records = devicesOf(p.AccountDetail.Devices), recordsOf(p.AccountDetail.Records)
	return h.show(c, who, http.StatusOK, "account", at, p)
}

// switchAccount and switchMe ask for confirmation, and then change the flag.
func (h *Handler) switchAccount(c echo.Context, who session.Visitor) error {
	id, base := c.Param("id"), "/console/accounts/"+c.Param("id")
	return h.switchFlag(c, who, "accounts", base, func(change console.Change) error {
		change.ID = id
		return h.Console.Switch(c.Request().Context(), who, []console.Change{change})[0].Err
	})
}

func (h *Handler) switchMe(c echo.Context, who session.Visitor) error {
	return h.switchFlag(c, who, "me", "/console/me", func(change console.Change) error {
		return h.Console.SwitchSelf(c.Request().Context(), who, change)
	})
}

func (h *Handler) switchFlag(c echo.Context, who session.Visitor, at, base string, do func(console.Change) error) error {
	was, now := c.FormValue("was"), c.FormValue("two_factor")
	for _, v := range []string{was, now} {
		if v != "on" && v != "off" {
			return console.ErrInvalid
		}
	}
	if was == now {
		return h.done(c, base, "nothing_changed")
	}
	if !confirmed(c) {
		return h.ask(c, who, at, base, []line{{What: "two_step", From: was, To: now}})
	}
	if err := do(console.Change{Was: was == "on", On: now == "on"}); err != nil {
		return h.notDone(c, who, err)
	}
	return h.done(c, base, "saved")
}

// notDone shows that somebody else has changed the flag meanwhile. It returns other errors as they are.
func (h *Handler) notDone(c echo.Context, who session.Visitor, err error) error {
	if errors.Is(err, kratos.ErrChanged) {
		return h.say(c, who, http.StatusConflict, "changed_meanwhile")
	}
	return err
}

// forgetDevices deletes one or all remembered devices of the account in the path, or of the visitor's own account.
func (h *Handler) forgetDevices(c echo.Context, who session.Visitor) error {
	id, base, at := c.Param("id"), "/console/accounts/"+c.Param("id"), "accounts"
	if id == "" {
		id, base, at = who.Identity.ID, "/console/me", "me"
	}
	one := c.FormValue("device")
	token, err := hex.DecodeString(one)
	if err != nil {
		return console.ErrInvalid
	}
	if !confirmed(c) {
		what := "forget_devices"
		if one != "" {
			what = "forget_device"
		}
		return h.ask(c, who, at, base, []line{{What: what}})
	}
	if one == "" {
		_, err = h.Console.ForgetDevices(c.Request().Context(), who, id)
		return h.doneOr(c, base, "devices_forgotten", err)
	}
	_, err = h.Console.ForgetDevice(c.Request().Context(), who, id, token)
	return h.doneOr(c, base, "device_forgotten", err)
}

func (h *Handler) clearWrongCodes(c echo.Context, who session.Visitor) error {
	base := "/console/accounts/" + c.Param("id")
	if !confirmed(c) {
		return h.ask(c, who, "accounts", base, []line{{What: "clear_wrong_codes"}})
	}
	return h.doneOr(c, base, "wrong_codes_cleared", h.Console.ClearWrongCodes(c.Request().Context(), who, c.Param("id")))
}

func (h *Handler) doneOr(c echo.Context, to, what string, err error) error {
	if err != nil {
		return err
	}
	return h.done(c, to, what)
}
