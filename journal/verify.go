package journal

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/transparency-dev/merkle/compact"

	"nidan/records"
)

// Sealed is a leaf and its record.
type Sealed struct {
	Leaf   Leaf
	Record *records.Record // nil: the record is gone
}

// Source reads the records that are verified, their leaves and the checkpoints.
type Source interface {
	RecordIDs(ctx context.Context) (first, last int64, err error)
	UnsealedRecords(ctx context.Context, after, to int64, n int) ([]records.Record, error)
	// SealedRecords returns at most n leaves with their records, in the order of the leaves, beginning with the index from.
	SealedRecords(ctx context.Context, from int64, n int) ([]Sealed, error)
	// Checkpoints returns all checkpoints, the one with the fewest leaves first.
	Checkpoints(ctx context.Context) ([]Kept, error)
}

// Verifier verifies the records of a database.
type Verifier struct {
	Keys      Keys     // none: signatures are not checked
	Elsewhere []string // checkpoints that were kept elsewhere
	KeepDays  int      // for how many days records are kept; 0: for ever
	Now       func() time.Time
	Progress  func(leaves int64) // is called with the number of leaves, or of lines of an export, that are done; may be nil
}

// late is how much older than the checkpoint before it a record may claim to be. A record that claims to be older was put in later: clocks
// do not differ by an hour, and no transaction lasts an hour.
const late = time.Hour

// readAtOnce is how many records one query reads.
const readAtOnce = 500

// expected is a checkpoint that must agree with the leaves.
type expected struct {
	Checkpoint
	signed, elsewhere bool
}

// verification is one run of a Verifier.
type verification struct {
	*Verifier
	report   Report
	expected []expected // the one with the fewest leaves first
	tree     *compact.Range
	before   time.Time // the time of the newest checkpoint that the leaves have reached
	next     int64     // the index of the leaf that must come next
	agreed   int64     // up to this number of leaves, the checkpoints agree
	broken   bool      // a checkpoint does not agree, so no later one can
}

// Verify checks whether the records are as they were sealed, and reports each difference. It returns an error if it could not check.
func (v *Verifier) Verify(ctx context.Context, of Source) (Report, error) {
	run := &verification{Verifier: v, tree: ranges.NewEmptyRange(0)}
	kept, err := of.Checkpoints(ctx)
	if err != nil {
		return run.report, err
	}
	run.expect(kept)
	for at := int64(0); ; {
		found, err := of.SealedRecords(ctx, at, readAtOnce)
		if err != nil {
			return run.report, err
		}
		for _, s := range found {
			if err := run.sealed(s); err != nil {
				return run.report, err
			}
			at = s.Leaf.Index + 1
		}
		if v.Progress != nil {
			v.Progress(at)
		}
		if len(found) < readAtOnce {
			break
		}
	}
	for _, e := range run.expected {
		run.report.add(CutBack, 0, "%s covers %d records, and the journal has %d: it was cut back, or is that of another database",
			e.name(), e.Size, run.tree.End())
	}
	return run.report, run.unsealed(ctx, of)
}

func (v *verification) expect(kept []Kept) {
	signedBefore := false
	for i, k := range kept {
		c, signed, err := ReadCheckpoint(k.Text, v.Keys)
		if err != nil || c.Size != k.Size {
			v.report.add(Unreadable, 0, "the checkpoint of %d leaves cannot be read, or was altered", k.Size)
			continue
		}
		if len(v.Keys) > 0 && !signed && (signedBefore || i == len(kept)-1) {
			v.report.add(NotSigned, 0, "%s is not signed with a key that was given", expected{Checkpoint: c}.name())
		}
		signedBefore = signedBefore || signed
		v.expected = append(v.expected, expected{c, signed, false})
	}
	for _, text := range v.Elsewhere {
		c, signed, err := ReadCheckpoint(text, v.Keys)
		switch {
		case err != nil:
			v.report.add(Unreadable, 0, "the checkpoint that was kept elsewhere cannot be read")
			continue
		case len(v.Keys) > 0 && !signed:
			v.report.add(NotSigned, 0, "the checkpoint that was kept elsewhere is not signed with a key that was given")
		}
		v.expected = append(v.expected, expected{c, signed, true})
	}
	slices.SortStableFunc(v.expected, func(a, b expected) int { return cmp.Compare(a.Size, b.Size) })
}

func (e expected) name() string {
	if e.elsewhere {
		return "the checkpoint that was kept elsewhere, of " + e.At.UTC().Format(time.RFC3339) + ","
	}
	return "the checkpoint of " + e.At.UTC().Format(time.RFC3339)
}

// sealed checks a leaf and its record.
func (v *verification) sealed(s Sealed) error {
	if s.Leaf.Index != v.next {
		v.report.add(Rewritten, 0, "the leaves from %d to %d are missing", v.next, s.Leaf.Index-1)
	}
	v.next = s.Leaf.Index + 1
	switch {
	case s.Record == nil && v.KeepDays > 0 && s.Leaf.At.Before(v.Now().AddDate(0, 0, -v.KeepDays)):
		v.report.Past++
	case s.Record == nil:
		v.report.add(Removed, s.Leaf.Record, "record %d, of %s, was removed", s.Leaf.Record, s.Leaf.At.UTC().Format(time.RFC3339))
	case !s.Leaf.is(*s.Record):
		v.report.add(Altered, s.Leaf.Record, "record %d was altered since it was sealed", s.Leaf.Record)
	default:
		v.report.Records++
	}
	v.inTime(s.Leaf.Record, s.Leaf.At)
	if err := v.tree.Append(s.Leaf.Hash(), nil); err != nil {
		return err
	}
	v.report.Leaves++
	return v.compare()
}

// inTime checks whether a record can be as old as it claims: the checkpoint before it covered all records that were there at its time.
func (v *verification) inTime(record int64, at time.Time) {
	if at.Before(v.before.Add(-late)) {
		v.report.add(Inserted, record, "record %d says that it is of %s, and was put in after the checkpoint of %s",
			record, at.UTC().Format(time.RFC3339), v.before.UTC().Format(time.RFC3339))
	}
}

// compare compares the tree with the checkpoints that cover as many leaves.
func (v *verification) compare() error {
	size := int64(v.tree.End())
	for len(v.expected) > 0 && v.expected[0].Size <= size {
		e := v.expected[0]
		v.expected = v.expected[1:]
		hash, err := root(v.tree)
		if err != nil {
			return err
		}
		switch {
		case e.Size == size && bytes.Equal(hash, e.Root):
			v.report.agree(e.Checkpoint, e.signed)
			v.agreed = size
		case !v.broken:
			v.broken = true
			v.report.add(Rewritten, 0, "%s does not agree with the leaves: among those from %d to %d, some were altered, removed, put in or reordered",
				e.name(), v.agreed, size-1)
		default:
			v.report.add(Rewritten, 0, "%s does not agree with the leaves either", e.name())
		}
		if !e.elsewhere && e.At.After(v.before) {
			v.before = e.At
		}
	}
	return nil
}

// unsealed counts the records that have no leaf, and checks their times.
func (v *verification) unsealed(ctx context.Context, of Source) error {
	first, last, err := of.RecordIDs(ctx)
	if err != nil {
		return err
	}
	for from := first - 1; from < last; {
		to := min(last, from+lookedThrough)
		found, err := of.UnsealedRecords(ctx, from, to, readAtOnce)
		if err != nil {
			return err
		}
		if from = to; len(found) == readAtOnce {
			from = found[len(found)-1].ID
		}
		for _, r := range found {
			v.report.NotSealed++
			v.inTime(r.ID, r.At)
		}
	}
	return nil
}
