package proof

import (
	"math/big"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// mostNumbers bounds how many numbers are tried for a fact if only its limits are known.
const mostNumbers = 400

// numbers returns the limits of a number and the constants that it may be compared with. After each of these come as many numbers
// as there are facts that the number may be compared with, so that each of these facts can be the largest.
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
		marks[below], marks[above] = true, true
	}
	for _, n := range spread(marks, len(a.fresh)) {
		if n >= f.min && (f.max == 0 || n <= f.max) {
			made.values = append(made.values, ast.Number(strconv.Itoa(n)))
		}
	}
	return made
}

// around returns the integers at or beside a number.
func around(c ast.Number) (below, above int, ok bool) {
	exact, ok := new(big.Rat).SetString(string(c))
	if !ok || exact.Num().BitLen() > 50+exact.Denom().BitLen() {
		return 0, 0, false
	}
	floor := new(big.Int)
	floor.Div(exact.Num(), exact.Denom()) // Euclidean division rounds down, because the denominator is positive
	below = int(floor.Int64())
	if exact.IsInt() {
		return below, below, true
	}
	return below, below + 1, true
}

// spread returns the marks, and after each mark up to several further integers before the next mark.
func spread(marks map[int]bool, several int) (all []int) {
	sorted := make([]int, 0, len(marks))
	for m := range marks {
		sorted = append(sorted, m)
	}
	slices.Sort(sorted)
	for i, m := range sorted {
		for n := m; n <= m+several && (i+1 == len(sorted) || n < sorted[i+1]); n++ {
			all = append(all, n)
		}
	}
	return all
}
