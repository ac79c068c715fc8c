//go:build measure

package live

const swaps = 10_000
