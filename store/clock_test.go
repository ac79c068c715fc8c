package store_test

import (
	"testing"
	"time"
)

// Both databases run on this machine and use its clock.
func TestTheClockOfTheDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		before := time.Now()
		got, err := opened(t, url).Clock(t.Context())
		after := time.Now()
		if err != nil || got.Before(before.Add(-time.Second)) || got.After(after.Add(time.Second)) {
			t.Errorf("got %v, %v, between %v and %v", got, err, before, after)
		}
	})
}
