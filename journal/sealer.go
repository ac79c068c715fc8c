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

	"nidan/challenge"
)

const (
	// sealEvery is how long after one look for new records the next one comes.
	sealEvery = time.Second
	// sealLater is the same for a process that has found that another one seals.
	sealLater = 10 * time.Second
	// sealedAtOnce is how many leaves are written in one go: on SQLite, sign-ins wait for it.
	sealedAtOnce = 200
	// lookedThrough is how many IDs are looked through in one go.
	lookedThrough = 10_000
	// followedAtOnce is how many leaves are read in one go.
	followedAtOnce = 5000
	// lateAtMost is longer than any unit of work lasts: of two that write at once, the record with the greater ID may be seen first.
	lateAtMost = 15 * time.Second
	// sweepEvery is how often all records are looked through, for those that came later than any should.
	sweepEvery = 24 * time.Hour
	// lastWithin bounds the work when the program ends.
	lastWithin = 5 * time.Second
)

// Store keeps the leaves and the checkpoints beside the records.
type Store interface {
	// RecordIDs are the smallest and the greatest ID of a record; 0, 0 where there are none.
	RecordIDs(ctx context.Context) (first, last int64, err error)
	// UnsealedRecords are those that have no leaf, n at most, with an ID after the one and not after the other, the smallest first.
	UnsealedRecords(ctx context.Context, after, to int64, n int) ([]challenge.Record, error)
	// Leaves are those from an index on, n at most, in their order.
	Leaves(ctx context.Context, from int64, n int) ([]Leaf, error)
	// AddLeaves keeps leaves, all or none. It returns false where another process was first.
	AddLeaves(ctx context.Context, leaves []Leaf) (bool, error)
	// NewestCheckpoint is the one with the most leaves, nil where there is none.
	NewestCheckpoint(ctx context.Context) (*Kept, error)
	// AddCheckpoint keeps a checkpoint, in the place of those of the same hour.
	AddCheckpoint(ctx context.Context, k Kept) error
}

// Sealer gives each record its leaf, and signs checkpoints. Several processes may each have one on the same database: whoever is first
// seals, and the others look again later. All fields are needed, but the key may be nil.
//
// A sealer builds the tree in its memory, from what it wrote itself and from the leaves of others as they come. So whoever alters leaves
// while it runs has no checkpoint signed for that.
type Sealer struct {
	Store Store
	Key   *Key
	Now   func() time.Time
	Log   *slog.Logger

	tree       *compact.Range // nil: not read yet
	last       Leaf           // of the tree
	checkpoint *Kept          // the newest one that this process knows of

	settled, mark   int64 // all records up to settled have leaves; those up to mark have, once they cannot be late any more
	marked, sweptAt time.Time

	trouble atomic.Pointer[Trouble]
}

// errBehind is for a process that found leaves of another one in the place of its own.
var errBehind = errors.New("another process seals the records")

// Behind says whether an error of [Sealer.Seal] is that another process was first.
func Behind(err error) bool { return errors.Is(err, errBehind) }

// Run seals until ctx ends, and then once more. Sign-ins go on while it fails.
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

// tell notes how a look for new records ended, and logs what is news. That another process seals is no trouble.
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

// Seal gives a leaf to each record that has none, and signs a checkpoint of all of them.
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
		// Below the first one that is seen, others may be written now.
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

// follow brings the tree up to the leaves that there are.
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
		if size > 0 { // the last one is read again
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

// begin takes the tree of the newest checkpoint.
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

// grow adds leaves to the tree that are in the database.
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

// add gives records their leaves.
func (s *Sealer) add(ctx context.Context, records []challenge.Record) error {
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

// sign makes a checkpoint of the tree, if there is none yet.
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
		// A log is often kept elsewhere. With such a line, a database that was rewritten as a whole is found.
		s.Log.InfoContext(ctx, "records are sealed", "size", size, "checkpoint", text)
	}
	s.checkpoint = &kept
	return nil
}

// Hour is the hour that a checkpoint is the last one of. The last one of each hour is kept.
func Hour(at time.Time) time.Time { return at.UTC().Truncate(time.Hour) }
