//go:build shiftedclock

package cmd

import (
	"os"
	"strings"
	"time"
)

// The clock is ahead by what a file says, such as "25h" or "-1h", read each time.
func init() {
	file := os.Getenv("SHIFTED_CLOCK")
	now = func() time.Time {
		said, err := os.ReadFile(file)
		if err != nil {
			return time.Now()
		}
		ahead, err := time.ParseDuration(strings.TrimSpace(string(said)))
		if err != nil {
			return time.Now()
		}
		return time.Now().Add(ahead)
	}
}
