package pages

import (
	"fmt"
	"net/url"
	"time"
)

// plot is a stack of bars over time, as an SVG draws it: sideways in percent, so that it fits any page, and upwards in pixels, so that its
// texts keep their size. Beside it stands a table with the same numbers.
type plot struct {
	ID          string
	Title, Desc string
	Series      []series
	Ticks       []tick
	Columns     []column
	Marks       []mark
}

// series is what is counted apart. It has a colour and a pattern of its own.
type series struct {
	N     int // which colour and pattern, from 1
	Name  string
	Total int64
	Link  string // its records, of the whole time; empty: whoever looks may not see records
}

// tick is a line across the plot, with its number.
type tick struct {
	Y     int
	Label string
}

// column is the bar of a part of the time.
type column struct {
	X, Width, Middle string // in percent
	Label            string // under the bar; empty: there is no room for it
	Minor            bool   // on a narrow page, there is no room for it
	When             string // in full
	From             time.Time
	Parts            []part
	Link             string
}

// part is the part of a bar that is of a series; a count of 0 is not drawn.
type part struct {
	series
	Y, Height float64
	Count     int64
	Link      string
	Says      string // what is read out
}

// mark is a change that was made, on the axis of time.
type mark struct {
	X     string
	Kind  string // "settings" or "policies"
	Says  string
	Link  string
	Shift int // in pixels, so that marks of one moment do not hide each other
}

// The plot upwards, in pixels from the top: marks stand above the bars, the days and hours below them.
const (
	plotTop, plotBottom = 28, 184
	plotHeight          = plotBottom - plotTop
)

// draw fits the columns to the highest one.
func (p *plot) draw() {
	highest := int64(0)
	for _, c := range p.Columns {
		highest = max(highest, c.total())
	}
	top, step := scale(highest)
	for at := int64(0); at <= top; at += step {
		p.Ticks = append(p.Ticks, tick{plotBottom - int(at*plotHeight/top), short(at)})
	}
	width := 100 / float64(len(p.Columns))
	for i := range p.Columns {
		c := &p.Columns[i]
		c.X, c.Width, c.Middle = percent(width*(float64(i)+.1)), percent(width*.8), percent(width*(float64(i)+.5))
		y := float64(plotBottom)
		for j := range c.Parts {
			part := &c.Parts[j]
			part.Height = float64(part.Count) * plotHeight / float64(top)
			y -= part.Height
			part.Y = y
		}
	}
}

func (c column) total() (n int64) {
	for _, p := range c.Parts {
		n += p.Count
	}
	return n
}

// Total is the whole bar.
func (c column) Total() int64 { return c.total() }

// mark puts a mark where its time is.
func (p *plot) mark(at, from, to time.Time, m mark) {
	if at.Before(from) || !at.Before(to) {
		return
	}
	m.X = percent(100 * float64(at.Sub(from)) / float64(to.Sub(from)))
	if n := len(p.Marks); n > 0 && p.Marks[n-1].X == m.X {
		m.Shift = p.Marks[n-1].Shift + 4
	}
	p.Marks = append(p.Marks, m)
}

// scale is how high the plot is, and how far apart its lines are: 1, 2 or 5 of a power of ten, and three to five lines.
func scale(highest int64) (top, step int64) {
	for power := int64(1); ; power *= 10 {
		for _, n := range []int64{1, 2, 5} {
			if step = n * power; step*4 >= highest {
				return max(step*((highest+step-1)/step), step), step
			}
		}
	}
}

// short is a number that has little room.
func short(n int64) string {
	switch {
	case n >= 10_000_000:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 10_000:
		return fmt.Sprintf("%dk", n/1_000)
	}
	return fmt.Sprint(n)
}

func percent(of float64) string { return fmt.Sprintf("%.2f%%", of) }

// recordsLink leads to records. What is empty does not narrow them down.
func recordsLink(narrowed map[string]string) string {
	q := url.Values{}
	for name, value := range narrowed {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "/console/records?" + q.Encode()
}
