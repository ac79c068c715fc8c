//go:build !measure

package contract

// The sizes of a usual run. With -tags measure (make histories) they are much larger.
const (
	operations = 10_000 // calls on three replicas
	sequences  = "40"   // on each database
)
