package doctor

import (
	"context"
	"fmt"
	"time"
)

// clocksWithin is how far clocks may be apart. Kratos says what time it is to the second, and an answer takes its time.
const clocksWithin = 5 * time.Second

// Clock is somebody else's clock.
type Clock struct {
	Of  string // such as "Kratos"
	Ask func(context.Context) (time.Time, error)
}

// Clocks looks whether clocks go with that of this machine: codes, devices and sessions get their times from one of them and are
// compared with another.
func Clocks(now func() time.Time, clocks ...Clock) Check {
	return func(ctx context.Context) (found []Finding) {
		for _, c := range clocks {
			found = append(found, c.compare(ctx, now))
		}
		return found
	}
}

func (c Clock) compare(ctx context.Context, now func() time.Time) Finding {
	check := "clock_" + c.Of
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	before := now()
	at, err := c.Ask(ctx)
	after := now()
	if err != nil {
		return notChecked(check, "it does not say what time it is", "Run nidan doctor again when it answers.")
	}
	// It was asked at some time between the two: only what lies outside is a difference.
	apart := max(before.Sub(at), at.Sub(after), 0)
	if apart > clocksWithin {
		return problem(check, fmt.Sprintf("it differs from this machine's by %v", apart.Round(time.Second)), "Have the clocks of both machines set by NTP.")
	}
	return ok(check, fmt.Sprintf("it goes with this machine's, within %v", clocksWithin))
}
