package pages

import (
	"fmt"
	"net/url"
	"time"
)

// plot is a stacked bar chart over time, drawn as SVG. Horizontal positions are in percent, so that it fits any page. Vertical
// positions are in pixels, so that its texts keep their size. The page also has a table with the same numbers.
type plot struct {
	ID          string
	Title, Desc string
	Series      []series
	Ticks       []tick
	Columns     []column
	Marks       []mark
}

// series is one kind of things that are counted. It has a colour and a pattern of its own.
type series struct {
	N     int // number of the colour and the pattern, from 1
	Name  string
	Total int64
	Link  string // link to its records of the whole period; empty: the visitor may not see records
}

// tick is a horizontal line of the plot, with its number.
type tick struct {
	Y     int
	Label string
}

type column struct {
	X, Width, Middle string // in percent
	Label            string // text under the bar; empty: no room
	Minor            bool   // no room for the label on a narrow page
	When             string // full time
	From             time.Time
	Parts            []part
	Link             string
}

// part is the part of a bar that belongs to a series. A part with the count 0 is not drawn.
type part struct {
	series
	Y, Height float64
	Count     int64
	Link      string
	Says      string // text for screen readers
}

// mark is a change on the time axis.
type mark struct {
	X    string
	Kind string // "settings" or "policies"
	Sign string // letter on the mark
	Says string
	Link string
	Row  int // marks that are close to each other are in different rows, so that none hides another
	at   float64
}

// Y returns the vertical position of the mark.
func (m mark) Y() int { return markHeight*m.Row + 2 }

// The vertical sizes of the plot in pixels. The marks are above the bars, the labels with days and hours below them.
const (
	barsHeight  = 156
	labelHeight = 24
	markHeight  = 21
	markRows    = 3
	markWidth   = 3.0 // in percent, so that marks do not touch each other on a page of the usual width
)

// Bottom returns the vertical position of the bars' lower end.
func (p *plot) Bottom() int {
	rows := 1
	for _, m := range p.Marks {
		rows = max(rows, m.Row+1)
	}
	return rows*markHeight + 7 + barsHeight
}

// Height returns the height of the plot.
func (p *plot) Height() int { return p.Bottom() + labelHeight }

// Under returns the vertical position of the labels.
func (p *plot) Under() int { return p.Bottom() + 18 }

// draw computes the positions of the columns and the ticks. The highest column fills the space below the marks.
func (p *plot) draw() {
	highest, bottom := int64(0), p.Bottom()
	for _, c := range p.Columns {
		highest = max(highest, c.total())
	}
	top, step := scale(highest)
	for at := int64(0); at <= top; at += step {
		p.Ticks = append(p.Ticks, tick{bottom - int(at*barsHeight/top), short(at)})
	}
	width := 100 / float64(len(p.Columns))
	for i := range p.Columns {
		c := &p.Columns[i]
		c.X, c.Width, c.Middle = percent(width*(float64(i)+.1)), percent(width*.8), percent(width*(float64(i)+.5))
		y := float64(bottom)
		for j := range c.Parts {
			part := &c.Parts[j]
			part.Height = float64(part.Count) * barsHeight / float64(top)
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

// Total returns the number of the whole bar.
func (c column) Total() int64 { return c.total() }

func (p *plot) mark(at, from, to time.Time, m mark) {
	if at.Before(from) || !at.Before(to) {
		return
	}
	m.at = 100 * float64(at.Sub(from)) / float64(to.Sub(from))
	m.X = percent(m.at)
	if n := len(p.Marks); n > 0 && m.at-p.Marks[n-1].at < markWidth {
		m.Row = (p.Marks[n-1].Row + 1) % markRows
	}
	p.Marks = append(p.Marks, m)
}

// scale returns the number at the top of the plot, and the step between its lines: 1, 2 or 5 times a power of ten, so that there are
// at most five lines, with the line at zero.
func scale(highest int64) (top, step int64) {
	for power := int64(1); ; power *= 10 {
		for _, n := range []int64{1, 2, 5} {
			if step = n * power; step*4 >= highest {
				return max(step*((highest+step-1)/step), step), step
			}
		}
	}
}

// Shown returns the number with commas between thousands.
func (s series) Shown() string { return grouped(s.Total) }

// grouped formats a number with commas between thousands, as both languages do.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// short formats a number for little room.
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

// recordsLink returns a link to records. Empty values do not narrow them down.
func recordsLink(narrowed map[string]string) string {
	q := url.Values{}
	for name, value := range narrowed {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "/console/records?" + q.Encode()
}
