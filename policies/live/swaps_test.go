//go:build !measure

package live

// swaps is how many sets are offered: with -tags measure (make measure-swaps) a hundred times as many.
const swaps = 100
