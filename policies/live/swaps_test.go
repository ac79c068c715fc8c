//go:build !measure

package live

// swaps is how many sets are offered: with -tags measure (make measure-swaps) twenty times as many.
const swaps = 500
