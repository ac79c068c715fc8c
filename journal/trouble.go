package journal

import (
	"context"
	"time"
)

// Trouble is why a [Sealer] cannot seal records. Sign-ins go on, and their records are sealed later. Until then, nobody can see whether
// somebody has altered these records.
type Trouble struct {
	Since time.Time
	Err   error // holds no name of a person and no part of a record
}

// Trouble returns the present trouble of this sealer; nil: there is none, or another process seals.
func (s *Sealer) Trouble() *Trouble { return s.trouble.Load() }

// failed keeps an error, and says whether it differs from the last one.
func (s *Sealer) failed(err error) (news bool) {
	before := s.trouble.Load()
	if before == nil {
		s.trouble.Store(&Trouble{Since: s.Now(), Err: err})
		return true
	}
	s.trouble.Store(&Trouble{Since: before.Since, Err: err})
	return before.Err.Error() != err.Error()
}

// worked removes the trouble, and says whether there was one.
func (s *Sealer) worked() (over bool) { return s.trouble.Swap(nil) != nil }

// Waiting returns the time of the oldest record, among the newest ones, that has no leaf or no checkpoint yet; the zero time if there is
// none. While a sealer runs without trouble, a record waits for a few seconds at most.
func Waiting(ctx context.Context, in Store) (since time.Time, err error) {
	_, last, err := in.RecordIDs(ctx)
	if err != nil {
		return since, err
	}
	records, err := in.UnsealedRecords(ctx, last-lookedThrough, last, 1)
	if err != nil {
		return since, err
	}
	size := int64(0)
	kept, err := in.NewestCheckpoint(ctx)
	if err != nil {
		return since, err
	}
	if kept != nil {
		size = kept.Size
	}
	leaves, err := in.Leaves(ctx, size, 1)
	if err != nil {
		return since, err
	}
	for _, r := range records {
		since = r.At
	}
	for _, l := range leaves {
		if since.IsZero() || l.At.Before(since) {
			since = l.At
		}
	}
	return since, nil
}
