package pages

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/policies/proof"
	"nidan/server/console"
	"nidan/server/session"
)

// lookAgain is the number of seconds after which a browser reloads the page while a comparison is running.
const lookAgain = "2"

// mostSets is the maximum number of sets that the page offers for a comparison, because sets are kept for ever. Older sets can be
// compared by their address.
const mostSets = 100

// difference shows how two sets of policies that have decided differ. It does not wait until the comparison has ended.
func (h *Handler) difference(c echo.Context, who session.Visitor) error {
	d, err := h.Console.PolicyDifference(c.Request().Context(), who, c.QueryParam("from"), c.QueryParam("to"))
	if err != nil {
		return err
	}
	if !d.Done {
		c.Response().Header().Set("Refresh", lookAgain)
	}
	return h.show(c, who, http.StatusOK, "difference", "policies", differencePage{d})
}

type differencePage struct{ console.PolicyDifference }

// Choices returns the sets that can be chosen. The chosen sets are always among them.
func (p differencePage) Choices() []console.DecidedSet {
	all := p.Sets[:min(len(p.Sets), mostSets)]
	for _, chosen := range []console.DecidedSet{p.From, p.To} {
		known := false
		for _, s := range all {
			known = known || s.Revision == chosen.Revision
		}
		if !known && chosen.Revision != "" {
			all = append(all[:len(all):len(all)], chosen)
		}
	}
	return all
}

// Seconds returns how long the comparison took.
func (p differencePage) Seconds() float64 {
	return (p.Took + p.Invariants.Took).Round(time.Second / 10).Seconds()
}

// kinds are the kinds of differences, in the order in which they are shown.
var kinds = []proof.Kind{proof.Fails, proof.Loosens, proof.Tightens, proof.Terms, proof.Other}

type kindOf struct {
	Kind        proof.Kind
	Differences []shownDifference
}

// Kinds returns the differences by kind, with the kinds that have none.
func (p differencePage) Kinds() []kindOf {
	all := make([]kindOf, len(kinds))
	for i, k := range kinds {
		all[i].Kind = k
		for _, d := range p.Differences {
			if d.Kind == k {
				all[i].Differences = append(all[i].Differences, shownDifference{d})
			}
		}
	}
	return all
}

type shownDifference struct{ proof.Difference }

// LooserToo says whether a part of the difference is looser although its kind is not Loosens.
func (d shownDifference) LooserToo() bool { return d.Looser && d.Kind != proof.Loosens }

// Conditions returns the conditions of the difference.
func (d shownDifference) Conditions() []condition { return conditionsOf(d.When) }

// File returns the place of the rule that causes the difference.
func (d shownDifference) File() string {
	place, _ := d.Place()
	return place
}

// InFirst says whether this rule is in the first set.
func (d shownDifference) InFirst() bool {
	_, is := d.Place()
	return is
}

// Said returns the changed fields. The action comes first.
func (d shownDifference) Said() (all []shownChange) {
	for _, c := range d.Changes {
		one := shownChange{c.Field, c.From, c.To, c.Field == "action"}
		if c.Field == "action" {
			all = append([]shownChange{one}, all...)
		} else {
			all = append(all, one)
		}
	}
	return all
}

// shownChange is a field that the two sets decide differently.
type shownChange struct {
	Field, From, To string
	Action          bool // the field is the action
}
