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
	X    string
	Kind string // "settings" or "policies"
	Sign string // the letter on it
	Says string
	Link string
	Row  int // marks that are close to each other stand below each other, so that none hides another
	at   float64
}

// Y is where the mark stands.
func (m mark) Y() int { return markHeight*m.Row + 2 }

// The plot upwards, in pixels: marks stand above the bars, the days and hours below them.
const (
	barsHeight  = 156
	labelHeight = 24
	markHeight  = 21
	markRows    = 3
	markWidth   = 3.0 // in percent, so that marks do not touch each other on a page of usual width
)

// Bottom is where the bars stand.
func (p *plot) Bottom() int {
	rows := 1
	for _, m := range p.Marks {
		rows = max(rows, m.Row+1)
	}
	return rows*markHeight + 7 + barsHeight
}

// Height is that of the whole.
func (p *plot) Height() int { return p.Bottom() + labelHeight }

// Under is where the days and hours stand.
func (p *plot) Under() int { return p.Bottom() + 18 }

// draw fits the columns to the highest one, below the marks.
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

// Total is the whole bar.
func (c column) Total() int64 { return c.total() }

// mark puts a mark where its time is.
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

// Shown is the number with its thousands apart.
func (s series) Shown() string { return grouped(s.Total) }

// grouped is a number as people in both languages write it.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
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
