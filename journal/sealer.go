package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/merkle/compact"

	"nidan/records"
)

const (
	// sealEvery is the time between two searches for new records.
	sealEvery = time.Second
	// sealLater is the same after an error, and for a process that found that another process seals.
	sealLater = 10 * time.Second
	// sealedAtOnce is how many leaves are written in one transaction: on SQLite, sign-ins wait for it.
	sealedAtOnce = 200
	// lookedThrough is how many IDs one query looks through.
	lookedThrough = 10_000
	// followedAtOnce is how many leaves one query reads.
	followedAtOnce = 5000
	// lateAtMost is longer than any transaction lasts. If two transactions write at once, the record with the greater ID may be visible first.
	lateAtMost = 15 * time.Second
	// sweepEvery is the time between two searches through all records, for records that became visible later than lateAtMost.
	sweepEvery = 24 * time.Hour
	// lastWithin is the timeout of the last sealing when the program ends.
	lastWithin = 5 * time.Second
)

// Store keeps the leaves and the checkpoints beside the records.
type Store interface {
	// RecordIDs returns the smallest and the greatest ID of a record, or 0, 0 if there are no records.
	RecordIDs(ctx context.Context) (first, last int64, err error)
	// UnsealedRecords returns at most n records that have no leaf, with IDs greater than after and at most to, the smallest ID first.
	UnsealedRecords(ctx context.Context, after, to int64, n int) ([]records.Record, error)
	// Leaves returns at most n leaves in their order, beginning with the index from.
	Leaves(ctx context.Context, from int64, n int) ([]Leaf, error)
	// AddLeaves keeps all of the leaves or none. It returns false if another process was first.
	AddLeaves(ctx context.Context, leaves []Leaf) (bool, error)
	// NewestCheckpoint returns the checkpoint with the most leaves, or nil.
	NewestCheckpoint(ctx context.Context) (*Kept, error)
	// AddCheckpoint keeps a checkpoint. It replaces the checkpoints of the same hour.
	AddCheckpoint(ctx context.Context, k Kept) error
}

// Sealer gives each record its leaf, and signs checkpoints. Several processes may each have a sealer on the same database: the first one
// seals, and the others look again later. All fields are needed, but the key may be nil.
//
// A sealer builds the tree in its memory, from the leaves that it wrote and from the leaves of others as they appear. So if an attacker
// alters leaves while the sealer runs, no checkpoint is signed for the altered leaves.
type Sealer struct {
	Store Store
	Key   *Key
	Now   func() time.Time
	Log   *slog.Logger

	tree       *compact.Range // nil: not read yet
	last       Leaf           // the last leaf of the tree
	checkpoint *Kept          // the newest checkpoint that this process knows

	settled, mark   int64 // all records up to settled have leaves, and so do those up to mark as soon as none of them can be late
	marked, sweptAt time.Time

	trouble atomic.Pointer[Trouble]
}

// errBehind is the error of a process that found leaves of another process in the place of its own.
var errBehind = errors.New("another process seals the records")

// Behind says whether an error of [Sealer.Seal] means that another process was first.
func Behind(err error) bool { return errors.Is(err, errBehind) }

// Run seals until ctx ends, and then once more. Sign-ins go on while sealing fails.
func (s *Sealer) Run(ctx context.Context) error {
	for {
		wait := sealEvery
		err := s.Seal(ctx)
		if ctx.Err() != nil {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
			defer cancel()
			if err := s.Seal(last); err != nil && !Behind(err) {
				s.Log.WarnContext(last, "the last records are not sealed; the next start seals them", "err", err)
			}
			return nil
		}
		if err != nil {
			wait = sealLater
		}
		s.tell(ctx, err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// tell keeps the result of a look for new records, and logs a change. If another process seals the records, this is no trouble.
func (s *Sealer) tell(ctx context.Context, err error) {
	switch {
	case err != nil && !Behind(err):
		if s.failed(err) {
			s.Log.ErrorContext(ctx, "records are not sealed: it could not be seen if somebody altered them now", "err", err)
		}
	case s.worked():
		s.Log.InfoContext(ctx, "records are sealed again")
	}
}

// Seal gives a leaf to each record that has none, and signs a checkpoint of all leaves.
func (s *Sealer) Seal(ctx context.Context) error {
	if err := s.follow(ctx); err != nil {
		return err
	}
	at := s.Now()
	first, last, err := s.Store.RecordIDs(ctx)
	if err != nil {
		return err
	}
	if at.Sub(s.sweptAt) >= sweepEvery {
		// A transaction that is running may add records below the first ID that is visible.
		s.settled, s.mark, s.sweptAt = first-lookedThrough, first-lookedThrough, at
	}
	for from := s.settled; from < last; {
		to := min(last, from+lookedThrough)
		found, err := s.Store.UnsealedRecords(ctx, from, to, sealedAtOnce)
		if err != nil {
			return err
		}
		if from = to; len(found) == sealedAtOnce {
			from = found[len(found)-1].ID
		}
		if err := s.add(ctx, found); err != nil {
			return err
		}
	}
	if at.Sub(s.marked) >= lateAtMost {
		s.settled, s.mark, s.marked = s.mark, max(last, s.mark), at
	}
	return s.sign(ctx, at)
}

// follow adds to the tree the leaves that are in the database.
func (s *Sealer) follow(ctx context.Context) error {
	if s.tree == nil {
		if err := s.begin(ctx); err != nil {
			return err
		}
	}
	for {
		size := int64(s.tree.End())
		found, err := s.Store.Leaves(ctx, max(0, size-1), followedAtOnce)
		if err != nil {
			return err
		}
		if size > 0 { // the last leaf is read again: it must not have changed
			if len(found) == 0 || found[0].Index != size-1 || s.last.Digest != nil && !bytes.Equal(found[0].Hash(), s.last.Hash()) {
				return fmt.Errorf("leaf %d is not in the database as it was sealed: see nidan records verify, and start again", size-1)
			}
			s.last, found = found[0], found[1:]
		}
		if len(found) == 0 {
			return nil
		}
		if err := s.grow(found); err != nil {
			return err
		}
	}
}

// begin loads the tree of the newest checkpoint.
func (s *Sealer) begin(ctx context.Context) error {
	kept, err := s.Store.NewestCheckpoint(ctx)
	if err != nil {
		return err
	}
	if kept == nil {
		s.tree = ranges.NewEmptyRange(0)
		return nil
	}
	tree, err := unpack(kept.Hashes, kept.Size)
	if err != nil {
		return err
	}
	var keys Keys
	if s.Key != nil {
		keys = Keys{s.Key.public}
	}
	c, signed, err := ReadCheckpoint(kept.Text, keys)
	if err != nil {
		return err
	}
	if hash, err := root(tree); err != nil || c.Size != kept.Size || !bytes.Equal(hash, c.Root) {
		return errors.Join(fmt.Errorf("the newest checkpoint, of %d leaves, was altered: see nidan records verify", kept.Size), err)
	}
	if s.Key != nil && !signed {
		s.Log.WarnContext(ctx, "the newest checkpoint is not signed with this key; the journal goes on from it", "size", c.Size, "origin", c.Origin)
	}
	s.tree, s.checkpoint = tree, kept
	return nil
}

// grow adds to the tree leaves that are in the database.
func (s *Sealer) grow(leaves []Leaf) error {
	for _, l := range leaves {
		if l.Index != int64(s.tree.End()) {
			return fmt.Errorf("leaf %d is not in the database: see nidan records verify", s.tree.End())
		}
		if err := s.tree.Append(l.Hash(), nil); err != nil {
			return fmt.Errorf("add a leaf: %w", err)
		}
		s.last = l
	}
	return nil
}

// add writes the leaves of records.
func (s *Sealer) add(ctx context.Context, records []records.Record) error {
	if len(records) == 0 {
		return nil
	}
	leaves := make([]Leaf, len(records))
	for i, r := range records {
		leaves[i] = LeafOf(int64(s.tree.End())+int64(i), r)
	}
	first, err := s.Store.AddLeaves(ctx, leaves)
	if err != nil {
		return err
	}
	if !first {
		return errBehind
	}
	return s.grow(leaves)
}

// sign makes a checkpoint of the tree, unless there is one already.
func (s *Sealer) sign(ctx context.Context, at time.Time) error {
	size := int64(s.tree.End())
	if size == 0 || s.checkpoint != nil && s.checkpoint.Size == size {
		return nil
	}
	hash, err := root(s.tree)
	if err != nil {
		return err
	}
	text, err := s.Key.Sign(Checkpoint{Origin: s.Key.origin(), Size: size, Root: hash, At: at})
	if err != nil {
		return err
	}
	kept := Kept{Size: size, At: at, Text: text, Hashes: pack(s.tree)}
	if err := s.Store.AddCheckpoint(ctx, kept); err != nil {
		return err
	}
	if s.checkpoint == nil || !Hour(s.checkpoint.At).Equal(Hour(at)) {
		// Logs are often kept on another machine. There, this line shows if the whole database was rewritten.
		s.Log.InfoContext(ctx, "records are sealed", "size", size, "checkpoint", text)
	}
	s.checkpoint = &kept
	return nil
}

// Hour returns the hour to which a checkpoint belongs. The last checkpoint of each hour is kept.
func Hour(at time.Time) time.Time { return at.UTC().Truncate(time.Hour) }
