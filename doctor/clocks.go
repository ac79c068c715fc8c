package doctor

import (
	"context"
	"fmt"
	"time"
)

// clocksWithin is the largest difference between two clocks. Kratos gives its time in whole seconds, and an answer takes some time.
const clocksWithin = 5 * time.Second

// Clock is the clock of another process.
type Clock struct {
	Of  string // the owner of the clock, such as "kratos"; part of the check's name
	Ask func(context.Context) (time.Time, error)
}

// Clocks compares the clocks with the clock of this machine. Codes, devices and sessions get a time from one clock, and Nidan compares
// this time with another clock.
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
		return notChecked(check, "the time could not be read, because there was no valid answer", "Run nidan doctor again when the service answers.")
	}
	// The clock gave its time at some moment between before and after. So only a time outside of them is a difference.
	apart := max(before.Sub(at), at.Sub(after), 0)
	if apart > clocksWithin {
		return problem(check, fmt.Sprintf("the clock differs from this machine's clock by %v: codes, devices and sessions expire too early or too late",
			apart.Round(time.Second)), "Synchronise the clocks of both machines with NTP.")
	}
	return ok(check, fmt.Sprintf("the clock agrees with this machine's clock, within %v", clocksWithin))
}
