//go:build !measure

package contract

// operations is how many calls are checked: with -tags measure (make histories) ten times as many.
const operations = 20_000
