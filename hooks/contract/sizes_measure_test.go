//go:build measure

package contract

const (
	operations = 100_000
	sequences  = "1000"
)
