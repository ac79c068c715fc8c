//go:build !measure

package live

// swaps is how many sets are offered. With -tags measure (make measure-swaps) it is 10,000.
const swaps = 100
