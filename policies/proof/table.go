package proof

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"nidan/policies"
)

// Table is what a set decides, for all inputs there can be of one question.
type Table struct {
	Walked
	Took     time.Duration `json:"took_nanoseconds"`
	Question string        `json:"question"`
	Rows     []Row         `json:"rows"` // the first that fits says what is decided
}

// Row is what is decided where its conditions hold, and those of no row before.
type Row struct {
	When    []Condition `json:"when"` // none: everything else
	Decided string      `json:"decided"`
	Where   string      `json:"where"`
	Classes int         `json:"classes"`
}

// Condition says in words where the row fits.
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

// TableOf walks all inputs there can be of a question, and says in few rows what is decided.
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

// inShort is what an answer does. On what terms is not said.
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

// row is a box of which one thing is decided, in what is left by the rows before.
type row struct {
	labelled
	classes int
}

// mostTried is how many boxes of each label are tried for the next row.
const mostTried = 8

// rows are found one after the other: each is the box that says the least and takes the most of what is left. In the end, one thing is
// decided of all that is left.
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

// better says whether a row says less than another one, or takes more.
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
