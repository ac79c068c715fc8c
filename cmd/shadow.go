package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"nidan/policies/replay"
	"nidan/records"
	"nidan/server/console"
	"nidan/store"
)

// shadowLedger keeps the counts of a shadow in the database. It implements [nidan/policies/live.Ledger] and [console.Shadows].
type shadowLedger struct{ store *store.Store }

// The counts of all sign-ins. The other counts are of one change each.
const (
	countedDecided = "decided"
	countedFailed  = "failed"
)

// recordedWithin is the longest time between a decision and the record of its sign-in.
const recordedWithin = 10 * time.Second

// Add implements [nidan/policies/live.Ledger].
func (l shadowLedger) Add(ctx context.Context, active, shadow string, counted replay.Summary) error {
	count := store.ShadowCount{At: now(), Compared: int64(counted.Decided), Failed: int64(counted.Failed)}
	tallies := []store.Tally{{Change: countedDecided, Counted: int64(counted.Decided)}}
	if counted.Failed > 0 {
		tallies = append(tallies, store.Tally{Change: countedFailed, Counted: int64(counted.Failed)})
	}
	for _, c := range counted.Changes {
		change, err := json.Marshal(c.Change)
		if err != nil {
			return fmt.Errorf("encode a difference: %w", err)
		}
		tally := store.Tally{Change: string(change), Counted: int64(c.Count)}
		for _, e := range c.Examples {
			if e.Record, err = l.recordOf(ctx, e); err != nil {
				return err
			}
			example, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("encode an example: %w", err)
			}
			tally.Examples = append(tally.Examples, string(example))
		}
		tallies = append(tallies, tally)
		switch {
		case c.Loosens():
			count.Loosened += tally.Counted
		case c.EndsOtherwise() && !c.Fails():
			count.Otherwise += tally.Counted
		}
	}
	return l.store.AddTallies(ctx, active+" "+shadow, tallies, count)
}

// Over implements [console.Shadows]. What was counted is of the while in which it was told, a second after the sign-in.
func (l shadowLedger) Over(ctx context.Context, from, to time.Time) ([]console.ShadowCount, error) {
	kept, err := l.store.ShadowCounts(ctx, from, to)
	if err != nil {
		return nil, err
	}
	counts := make([]console.ShadowCount, len(kept))
	for i, n := range kept {
		counts[i] = console.ShadowCount(n)
	}
	return counts, nil
}

// recordOf returns the ID of the record of a sign-in, or 0 if there is none. Nidan writes the record after the decision.
func (l shadowLedger) recordOf(ctx context.Context, e replay.Example) (int64, error) {
	found, err := l.store.Records(ctx, records.Filter{
		Account: e.Account, Kind: "sign_in", From: e.At, To: e.At.Add(recordedWithin),
	})
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[len(found)-1].ID, nil // the oldest one
}

// Sum implements [nidan/policies/live.Ledger].
func (l shadowLedger) Sum(ctx context.Context, active, shadow string) (sum replay.Summary, err error) {
	tallies, err := l.store.Tallies(ctx, active+" "+shadow)
	if err != nil {
		return sum, err
	}
	for _, t := range tallies {
		switch t.Change {
		case countedDecided:
			sum.Decided = int(t.Counted)
		case countedFailed:
			sum.Failed = int(t.Counted)
		default:
			c := replay.Changed{Count: int(t.Counted), Examples: make([]replay.Example, len(t.Examples))}
			err := json.Unmarshal([]byte(t.Change), &c.Change)
			for i, example := range t.Examples {
				if err == nil {
					err = json.Unmarshal([]byte(example), &c.Examples[i])
				}
			}
			if err != nil {
				return sum, fmt.Errorf("read what a shadow would have done otherwise: %w", err)
			}
			sum.Changes = append(sum.Changes, c)
		}
	}
	return sum.Summed(), nil
}
