package pages

import (
	"fmt"

	"nidan/server/console"
)

// shadowLink leads to what policies on trial would do, on the page of the policies.
const shadowLink = "/console/policies#shadow"

// byShadow is what policies on trial would have decided otherwise, on the same axis of time as the sign-ins and the changes.
func (p *overviewPage) byShadow() *plot {
	of := []struct {
		n    int // the colour and pattern
		name string
		in   func(console.ShadowCount) int64
	}{
		{5, "would_loosen", func(n console.ShadowCount) int64 { return n.Loosened }},
		{4, "undecided", func(n console.ShadowCount) int64 { return n.Failed }},
		{1, "would_end_otherwise", func(n console.ShadowCount) int64 { return n.Otherwise }},
	}
	var all []series
	for _, one := range of {
		all = append(all, series{one.n, p.frame.texts[one.name], one.in(p.ShadowTotal), shadowLink})
	}
	says := fmt.Sprintf(p.frame.texts["shadow_plot_says"], p.frame.Time(p.From), p.frame.Time(p.To), p.ShadowTotal.Compared)
	return p.bars("by_shadow", says, all, func(console.Bar) string { return shadowLink }, func(b console.Bar, i int) (int64, string) {
		return of[i].in(b.Shadow), shadowLink
	})
}
