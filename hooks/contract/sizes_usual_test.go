//go:build !measure

package contract

// How much is tried. With -tags measure (make histories) it is much more.
const (
	operations = 10_000 // calls on three replicas
	sequences  = "40"   // on each database
)
