//go:build measure

package contract

const (
	operations = 200_000
	sequences  = "1000"
)
