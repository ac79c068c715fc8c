package pages

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"nidan/policies"
	"nidan/policies/live"
	"nidan/policies/proof"
	"nidan/policies/replay"
	"nidan/server/console"
	"nidan/server/session"
)

type policyPage struct {
	live.Status
	MayApprove bool
	NotWaiting *console.NotWaiting // why an answer was not accepted; nil: no answer was given
}

func (h *Handler) policies(c echo.Context, who session.Visitor) error {
	return h.showPolicies(c, who, http.StatusOK, nil)
}

func (h *Handler) showPolicies(c echo.Context, who session.Visitor, status int, why *console.NotWaiting) error {
	s, err := h.Console.PolicyStatus(c.Request().Context(), who)
	if err != nil {
		return err
	}
	may := len(s.Waiting) > 0 && h.Console.May(c.Request().Context(), who, policies.ApprovePolicies, nil) == nil
	return h.show(c, who, status, "policies", "policies", policyPage{s, may, why})
}

// answerPolicies asks for confirmation, and then approves or rejects policies that wait.
func (h *Handler) answerPolicies(c echo.Context, who session.Visitor) error {
	ctx, revision, digest, answer := c.Request().Context(), c.FormValue("revision"), c.FormValue("digest"), live.Answer(c.FormValue("answer"))
	if err := h.Console.May(ctx, who, policies.ApprovePolicies, nil); err != nil {
		return err
	}
	if answer != live.Approved && answer != live.Rejected {
		return console.ErrInvalid
	}
	if !confirmed(c) {
		return h.ask(c, who, "policies", "/console/policies", []line{{Subject: revision, What: "answer_" + string(answer)}})
	}
	err := h.Console.AnswerPolicies(ctx, who, revision, digest, answer)
	var notWaiting *console.NotWaiting
	if errors.As(err, &notWaiting) {
		return h.showPolicies(c, who, http.StatusConflict, notWaiting)
	}
	if err != nil {
		return err
	}
	return h.done(c, "/console/policies", "policies_"+string(answer))
}

// Uncovered returns the places that no test reaches, in one line.
func (policyPage) Uncovered(a *live.Active) string { return strings.Join(a.Report().Uncovered, ", ") }

// Number returns the number of a row, from 1.
func (policyPage) Number(i int) int { return i + 1 }

// Conditions returns the conditions of a row of the table or of a difference.
func (policyPage) Conditions(of []proof.Condition) []condition { return conditionsOf(of) }

// Accounts returns the accounts of the examples of a change, with the IDs of their records, in one line.
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

// framed is the data of a template part that shows times.
type framed struct {
	Frame   frame
	Set     *live.Active
	Refusal *live.Refusal
}

// Set returns the data to show a set of policies on this page.
func (f frame) Set(a *live.Active) framed { return framed{Frame: f, Set: a} }

// Refusal returns the data to show a refusal on this page.
func (f frame) Refusal(r *live.Refusal) framed { return framed{Frame: f, Refusal: r} }
