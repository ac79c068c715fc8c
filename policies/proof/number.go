package proof

import (
	"math/big"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// mostNumbers is how many numbers are tried of a fact of which nothing is known but its bounds.
const mostNumbers = 400

// numbers are the bounds of a number, the constants that it may be compared with, what lies beside these, and one between any two of them
// for each fact that it may be compared with: each of these may be the largest there.
func numbers(f *fact, a about) (made domain) {
	for _, u := range a.uses {
		if ways[u.builtin][u.operand] != byOrder {
			made.missing = append(made.missing, u.String())
		}
	}
	if len(made.missing) > 0 && f.max > 0 && f.max-f.min < mostNumbers {
		made.missing = nil
		for n := f.min; n <= f.max; n++ {
			made.values = append(made.values, ast.Number(strconv.Itoa(n)))
		}
		return made
	}
	marks := map[int]bool{}
	for _, c := range a.numbers {
		below, above, ok := around(c)
		if !ok {
			made.missing = append(made.missing, "compared with "+string(c))
			continue
		}
		for n := below - 1; n <= above+1; n++ {
			marks[n] = true
		}
	}
	for _, n := range spread(marks, len(a.fresh)) {
		if n >= f.min && (f.max == 0 || n <= f.max) {
			made.values = append(made.values, ast.Number(strconv.Itoa(n)))
		}
	}
	return made
}

// around are the whole numbers at or beside a number.
func around(c ast.Number) (below, above int, ok bool) {
	exact, ok := new(big.Rat).SetString(string(c))
	if !ok || exact.Num().BitLen() > 50+exact.Denom().BitLen() {
		return 0, 0, false
	}
	floor := new(big.Int)
	floor.Div(exact.Num(), exact.Denom()) // Euclidean: below, for the denominator is positive
	below = int(floor.Int64())
	if exact.IsInt() {
		return below, below, true
	}
	return below, below + 1, true
}

// spread are the marks, and several numbers between and behind them.
func spread(marks map[int]bool, several int) []int {
	sorted := make([]int, 0, len(marks))
	for m := range marks {
		sorted = append(sorted, m)
	}
	slices.Sort(sorted)
	sorted = append(sorted, sorted[len(sorted)-1]+1000+several)
	all := slices.Clone(sorted)
	for i := 1; i < len(sorted); i++ {
		room := sorted[i] - sorted[i-1] - 1
		first := sorted[i-1] + 1 + max(0, room-several)/2
		for n := range min(several, room) {
			all = append(all, first+n)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
