package pages

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/policies/proof"
	"nidan/server/console"
	"nidan/server/session"
)

// lookAgain is after how many seconds a browser looks again for a difference that is being worked out.
const lookAgain = "2"

// mostSets is how many sets there are to choose from: sets are kept for good. Older ones are reached by their address.
const mostSets = 100

// difference shows how two sets of policies that have decided differ. It does not wait until that is worked out.
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

// differencePage is the page of a difference.
type differencePage struct{ console.PolicyDifference }

// Choices are the sets to choose from. Those that were chosen are among them.
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

// Seconds is how long the comparison took.
func (p differencePage) Seconds() float64 {
	return (p.Took + p.Invariants.Took).Round(time.Second / 10).Seconds()
}

// kinds are those of differences, in the order in which they are shown.
var kinds = []proof.Kind{proof.Fails, proof.Loosens, proof.Tightens, proof.Terms, proof.Other}

// kindOf are the differences of a kind.
type kindOf struct {
	Kind        proof.Kind
	Differences []shownDifference
}

// Kinds are the differences by kind; one kind that has none, too.
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

// shownDifference is a difference on the page.
type shownDifference struct{ proof.Difference }

// LooserToo says whether some of a difference is looser, and its kind does not say so.
func (d shownDifference) LooserToo() bool { return d.Looser && d.Kind != proof.Loosens }

// Conditions are those under which it is.
func (d shownDifference) Conditions() []condition { return conditionsOf(d.When) }

// File is the place of the rule that it comes from.
func (d shownDifference) File() string {
	place, _ := d.Place()
	return place
}

// InFirst says whether that is in the first set.
func (d shownDifference) InFirst() bool {
	_, is := d.Place()
	return is
}

// Said are the changes, those of the decision first.
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

// shownChange is how one thing that is said is another one.
type shownChange struct {
	Field, From, To string
	Action          bool // what is said is an action
}
