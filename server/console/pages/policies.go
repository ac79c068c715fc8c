package pages

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/policies/live"
	"nidan/policies/proof"
	"nidan/policies/replay"
	"nidan/server/session"
)

// policyPage is the page of the policies.
type policyPage struct{ live.Status }

func (h *Handler) policies(c echo.Context, who session.Visitor) error {
	s, err := h.Console.PolicyStatus(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return h.show(c, who, http.StatusOK, "policies", "policies", policyPage{s})
}

// Uncovered is what no test reaches, in a line.
func (policyPage) Uncovered(a *live.Active) string { return strings.Join(a.Report().Uncovered, ", ") }

// Number is how a row is counted.
func (policyPage) Number(i int) int { return i + 1 }

// Conditions say where a row of the table fits.
func (policyPage) Conditions(r proof.Row) []condition { return conditionsOf(r.When) }

// Accounts are those of the examples of a change, with their records, in a line.
func (policyPage) Accounts(of []replay.Example) string {
	var names []string
	for _, e := range of {
		name := e.Account
		if e.Record != 0 {
			name += fmt.Sprintf(" (%d)", e.Record)
		}
		if e.Error != "" {
			name += ": " + e.Error
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// framed is a part of a page that shows times.
type framed struct {
	Frame   frame
	Set     *live.Active
	Refusal *live.Refusal
}

// Set is a set of policies on this page.
func (f frame) Set(a *live.Active) framed { return framed{Frame: f, Set: a} }

// Refusal is a refusal on this page.
func (f frame) Refusal(r *live.Refusal) framed { return framed{Frame: f, Refusal: r} }
