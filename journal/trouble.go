package journal

import (
	"context"
	"time"
)

// Trouble is why a [Sealer] cannot seal records. Sign-ins go on meanwhile, and their records are written and sealed later; but nobody could
// see it if somebody altered them now.
type Trouble struct {
	Since time.Time
	Err   error // names nobody, and holds nothing of what a record says
}

// Trouble is what keeps this sealer from its work now; nil: nothing does, or another process does the work.
func (s *Sealer) Trouble() *Trouble { return s.trouble.Load() }

// failed notes an error, and says whether it is news.
func (s *Sealer) failed(err error) (news bool) {
	before := s.trouble.Load()
	if before == nil {
		s.trouble.Store(&Trouble{Since: s.Now(), Err: err})
		return true
	}
	s.trouble.Store(&Trouble{Since: before.Since, Err: err})
	return before.Err.Error() != err.Error()
}

// worked notes that there is no trouble, and says whether there was one.
func (s *Sealer) worked() (over bool) { return s.trouble.Swap(nil) != nil }

// Waiting is the time of a record that waits to be sealed, or for a checkpoint: of the first one among the newest records. It is the zero
// time where none waits. Where nothing is wrong, no record waits for longer than some seconds while a sealer runs.
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
