package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"nidan/records"
)

// Tally counts one kind of difference between the decisions of two sets of policies.
type Tally struct {
	Change   string // kind of the difference
	Counted  int64
	Examples []string // without line breaks; only the first ones are kept
}

// mostExamples is how many examples are kept of each kind of difference.
const mostExamples = 3

// ShadowCount is how many sign-ins were compared in one period of [records.CountedFor], and how many of them the shadow policies would have
// decided differently. Each of these is in one of the three other numbers.
type ShadowCount struct {
	At                                    time.Time
	Compared, Loosened, Failed, Otherwise int64
}

// AddTallies adds counted to the counts that all processes keep for two sets, and count to the counts of its period.
func (s *Store) AddTallies(ctx context.Context, sets string, counted []Tally, count ShadowCount) error {
	// Only one process at a time may write: two processes that write the same rows in a different order would deadlock.
	return s.update(ctx, "shadow "+sets, func(t *tx) error {
		for _, c := range counted {
			examples := ""
			for _, e := range c.Examples {
				examples += e + "\n"
			}
			err := t.add(ctx, `INSERT INTO shadow_tallies (sets, change, counted, examples, at) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (sets, change) DO UPDATE SET counted = shadow_tallies.counted + excluded.counted, at = excluded.at,
					examples = CASE WHEN shadow_tallies.counted < $6 THEN shadow_tallies.examples || excluded.examples
						ELSE shadow_tallies.examples END`, sets, c.Change, c.Counted, examples, count.At.UnixMicro(), mostExamples)
			if err != nil {
				return fmt.Errorf("write what a shadow would have done otherwise: %w", err)
			}
		}
		return t.addShadowCount(ctx, sets, count)
	})
}

func (t *tx) addShadowCount(ctx context.Context, sets string, n ShadowCount) error {
	err := t.add(ctx, `INSERT INTO shadow_counts (at, sets, compared, loosened, failed, otherwise) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (at, sets) DO UPDATE SET compared = shadow_counts.compared + excluded.compared,
			loosened = shadow_counts.loosened + excluded.loosened, failed = shadow_counts.failed + excluded.failed,
			otherwise = shadow_counts.otherwise + excluded.otherwise`,
		n.At.Truncate(records.CountedFor).UnixMicro(), sets, n.Compared, n.Loosened, n.Failed, n.Otherwise)
	if err != nil {
		return fmt.Errorf("write when a shadow would have decided otherwise: %w", err)
	}
	return nil
}

// ShadowCounts returns the counts of all processes in a span of time, for all sets.
func (s *Store) ShadowCounts(ctx context.Context, from, to time.Time) (counts []ShadowCount, err error) {
	err = each(ctx, s.db, func(r row) error {
		var n ShadowCount
		var at int64
		err := r.Scan(&at, &n.Compared, &n.Loosened, &n.Failed, &n.Otherwise)
		n.At = fromMicro(at)
		counts = append(counts, n)
		return err
	}, `SELECT at, compared, loosened, failed, otherwise FROM shadow_counts WHERE at >= $1 AND at < $2 ORDER BY at, sets`,
		from.UnixMicro(), to.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("read when a shadow would have decided otherwise: %w", err)
	}
	return counts, nil
}

// Tallies returns the counts of all processes for two sets.
func (s *Store) Tallies(ctx context.Context, sets string) (counted []Tally, err error) {
	err = each(ctx, s.db, func(r row) error {
		var c Tally
		var examples string
		if err := r.Scan(&c.Change, &c.Counted, &examples); err != nil {
			return err
		}
		c.Examples = strings.Split(strings.TrimSuffix(examples, "\n"), "\n")
		if examples == "" {
			c.Examples = nil
		}
		c.Examples = c.Examples[:min(len(c.Examples), mostExamples)]
		counted = append(counted, c)
		return nil
	}, `SELECT change, counted, examples FROM shadow_tallies WHERE sets = $1 ORDER BY change`, sets)
	if err != nil {
		return nil, fmt.Errorf("read what a shadow would have done otherwise: %w", err)
	}
	return counted, nil
}
