package journal

import (
	"context"
	"fmt"
	"slices"

	"github.com/transparency-dev/merkle/compact"
)

// Part contains the hashes of leaves that follow each other and whose records are not in an export.
type Part struct {
	From   int64    `json:"from"`
	To     int64    `json:"to"` // the index after the last of these leaves
	Hashes [][]byte `json:"hashes"`
}

// Prover reads the leaves and checkpoints from which a proof is made.
type Prover interface {
	Leaves(ctx context.Context, from int64, n int) ([]Leaf, error)
	// CheckpointUpTo returns the newest checkpoint of at most size leaves, or nil.
	CheckpointUpTo(ctx context.Context, size int64) (*Kept, error)
	// CheckpointFrom returns the oldest checkpoint of at least size leaves, or nil.
	CheckpointFrom(ctx context.Context, size int64) (*Kept, error)
	NewestCheckpoint(ctx context.Context) (*Kept, error)
}

// Prove proves that the leaves of an export are in the journal. It passes the parts between these leaves, in order, to each, and returns the
// checkpoint that covers all of them, or "" if there is none. It leaves out leaves that came after the newest checkpoint.
func Prove(ctx context.Context, of Prover, leaves []int64, each func(Part) error) (checkpoint string, err error) {
	kept, err := covering(ctx, of, leaves)
	if err != nil || kept == nil {
		return "", err
	}
	slices.Sort(leaves)
	for i, l := range leaves {
		if l >= kept.Size {
			leaves = leaves[:i]
			break
		}
	}
	first := kept.Size
	if len(leaves) > 0 {
		first = leaves[0]
	}
	gap := ranges.NewEmptyRange(0)
	begin, err := of.CheckpointUpTo(ctx, first)
	if err != nil {
		return "", err
	}
	if begin != nil {
		if gap, err = unpack(begin.Hashes, begin.Size); err != nil {
			return "", err
		}
	}
	w := walk{of: of, leaves: leaves, gap: gap, each: each}
	if err := w.to(ctx, kept.Size); err != nil {
		return "", err
	}
	return kept.Text, nil
}

// covering returns the oldest checkpoint that covers all of the leaves, or else the newest checkpoint.
func covering(ctx context.Context, of Prover, leaves []int64) (*Kept, error) {
	if len(leaves) > 0 {
		kept, err := of.CheckpointFrom(ctx, slices.Max(leaves)+1)
		if err != nil || kept != nil {
			return kept, err
		}
	}
	return of.NewestCheckpoint(ctx)
}

// walk goes through the leaves of the journal, and passes on the hashes of the leaves that are not in the export.
type walk struct {
	of     Prover
	leaves []int64        // leaves of the export that are still to come
	gap    *compact.Range // the leaves since the last leaf of the export
	each   func(Part) error
}

func (w *walk) to(ctx context.Context, size int64) error {
	for at := int64(w.gap.End()); at < size; {
		found, err := w.of.Leaves(ctx, at, int(min(followedAtOnce, size-at)))
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("leaf %d is not in the database: see nidan records verify", at)
		}
		for _, l := range found {
			if l.Index != at {
				return fmt.Errorf("leaf %d is not in the database: see nidan records verify", at)
			}
			if err := w.leaf(l); err != nil {
				return err
			}
			at++
		}
	}
	return w.give()
}

func (w *walk) leaf(l Leaf) error {
	if len(w.leaves) == 0 || w.leaves[0] != l.Index {
		return w.gap.Append(l.Hash(), nil)
	}
	for len(w.leaves) > 0 && w.leaves[0] == l.Index {
		w.leaves = w.leaves[1:]
	}
	if err := w.give(); err != nil {
		return err
	}
	w.gap = ranges.NewEmptyRange(uint64(l.Index) + 1)
	return nil
}

// give passes on the hashes of the leaves since the last leaf of the export.
func (w *walk) give() error {
	if w.gap.Begin() == w.gap.End() {
		return nil
	}
	return w.each(Part{From: int64(w.gap.Begin()), To: int64(w.gap.End()), Hashes: w.gap.Hashes()})
}
