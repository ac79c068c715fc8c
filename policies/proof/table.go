package proof

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"nidan/policies"
)

// Table says what a set decides for all possible inputs of one question.
type Table struct {
	Walked
	Took     time.Duration `json:"took_nanoseconds"`
	Question string        `json:"question"`
	Rows     []Row         `json:"rows"` // in order: the first row that fits an input has its decision
}

// Row is the decision for inputs that fulfil its conditions and those of no earlier row.
type Row struct {
	When    []Condition `json:"when"` // none: all other inputs
	Decided string      `json:"decided"`
	Where   string      `json:"where"`
	Classes int         `json:"classes"`
}

// Condition says in words which inputs the row fits.
func (r Row) Condition() string {
	if len(r.When) == 0 {
		return "everything else"
	}
	var all []string
	for _, c := range r.When {
		all = append(all, c.String())
	}
	return strings.Join(all, ", ")
}

// TableOf walks all possible inputs of a question, and returns the decisions in few rows.
func TableOf(ctx context.Context, e *policies.Engine, q policies.Question, b Bounds) (Table, error) {
	start := time.Now()
	t := Table{Question: q.Name}
	d, err := domainsOf(q, e)
	if err != nil {
		return t, err
	}
	r := &rowing{boxes: boxes{index: make(map[string]int)}, known: make(map[string]int)}
	t.Walked = walk(ctx, d, b, func(in ast.Value) string {
		answer, err := e.Answer(ctx, q, in)
		if err != nil {
			return failure(err)
		}
		return inShort(answer)
	}, r.add)
	for _, one := range r.rows() {
		row := Row{When: r.boxes.conditions(one.box), Decided: r.said[one.label], Classes: one.classes}
		if fired := firedIn(ctx, q, r.first[one.label].complete(), e); len(fired) > 0 {
			row.Where = fired[0].place
		}
		t.Rows = append(t.Rows, row)
	}
	t.Took = time.Since(start)
	return t, ctx.Err()
}

// inShort returns the effects of an answer in short. It leaves out the terms of a code.
func inShort(answer any) string {
	var said []string
	for _, t := range traitsOf(answer) {
		switch {
		case t.name == "action", t.name == "reason", t.name == "allow":
			said = append(said, t.text)
		case strings.HasPrefix(t.name, "capabilities ") && !t.term:
			said = append(said, strings.TrimPrefix(t.name, "capabilities "))
		case strings.HasPrefix(t.name, "reasons."), strings.HasPrefix(t.name, "mask "):
			said = append(said, "("+t.name+": "+t.text+")")
		case t.name == "second_step" && t.size > 0, t.name == "second_step_by" && t.size > 0, t.name == "enrol_only" && t.size > 0, t.name == "state" && t.text != "", t.name == "forget_devices" && t.size > 0:
			said = append(said, "("+t.name+": "+t.text+")")
		}
	}
	return strings.Join(said, " ")
}

// rowing finds the rows of a table.
type rowing struct {
	boxes   boxes
	classes []labelled
	said    []string // by label
	first   []Class
	known   map[string]int
}

func (r *rowing) add(c Class, said string) {
	i, ok := r.known[said]
	if !ok {
		i = len(r.said)
		r.known[said] = i
		r.said, r.first = append(r.said, said), append(r.first, c)
	}
	r.classes = append(r.classes, labelled{box: r.boxes.of(c), label: i})
}

// row is a box with one decision for all inputs in it that no earlier row fits.
type row struct {
	labelled
	classes int
}

// mostTried bounds how many boxes of each label are tried for the next row.
const mostTried = 8

// rows finds the rows one after the other. Each is the box with the fewest conditions and, of these, with the most remaining
// classes. The last row has one decision for everything that remains.
func (r *rowing) rows() (rows []row) {
	left, classes := r.boxes.merged(r.classes), r.classes
	for len(left) > 0 {
		var best row
		for label := range r.said {
			tried := 0
			for _, one := range left {
				if one.label != label || tried == mostTried {
					continue
				}
				tried++
				x := row{labelled: labelled{box: r.boxes.grow(one, left), label: label}}
				for _, c := range classes {
					if x.box.covers(c.box) {
						x.classes++
					}
				}
				if best.classes == 0 || x.better(best) {
					best = x
				}
			}
		}
		said := best
		said.box = best.box.occurring(left)
		rows = append(rows, said)
		taken := func(one labelled) bool { return best.box.covers(one.box) }
		left, classes = slices.DeleteFunc(slices.Clone(left), taken), slices.DeleteFunc(slices.Clone(classes), taken)
	}
	return rows
}

// better says whether a row has fewer conditions than another one, or as many and more classes.
func (x row) better(y row) bool {
	said := func(b box) (n int) {
		for _, allowed := range b {
			if allowed != nil {
				n++
			}
		}
		return n
	}
	if a, b := said(x.box), said(y.box); a != b {
		return a < b && a > 0 || b == 0
	}
	return x.classes > y.classes
}
