package journal

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// mostLine is the greatest length of a line of an export, in bytes.
const mostLine = 1 << 20

// exported collects the content of an export.
type exported struct {
	v          *Verifier
	report     Report
	pieces     []piece // leaves and parts, which together must make up the tree
	unsealed   []Line  // only their IDs and times
	checkpoint string
}

// piece is one leaf, or the hashes of several leaves.
type piece struct {
	Part
	record *Line // the record of the leaf, only with its ID and time; nil: the piece is a part
}

// VerifyExport checks whether the records of an export are as they were sealed, and reports each difference. An export does not say which
// records it should contain: only the person who asked for the export knows this.
func (v *Verifier) VerifyExport(from io.Reader) (Report, error) {
	e := &exported{v: v}
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), mostLine)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		if err := e.line(lines.Bytes()); err != nil {
			e.report.add(Unreadable, 0, "line %d is not one of an export: %v", n, err)
		}
		if v.Progress != nil {
			v.Progress(int64(n))
		}
	}
	if err := lines.Err(); err != nil {
		return e.report, fmt.Errorf("read the export: %w", err)
	}
	return e.report, e.end()
}

func (e *exported) line(raw []byte) error {
	var l struct {
		Line
		Part
		Checkpoint string `json:"checkpoint"`
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	if ofJournal := l.Kind == checkpointKind || l.Kind == partKind; ofJournal != (l.ID == 0) {
		return errors.New("its ID is another one than its kind has")
	}
	switch l.Kind {
	case checkpointKind:
		if e.checkpoint != "" && e.checkpoint != l.Checkpoint {
			return errors.New("there is a checkpoint before it")
		}
		e.checkpoint = l.Checkpoint
	case partKind:
		if l.From < 0 || l.To <= l.From {
			return errors.New("it is about no leaves")
		}
		e.pieces = append(e.pieces, piece{Part: l.Part})
	case "":
		return errors.New("it has no kind")
	default:
		e.record(l.Line)
	}
	return nil
}

func (e *exported) record(l Line) {
	if l.Leaf == nil {
		e.report.NotSealed++
		e.unsealed = append(e.unsealed, Line{ID: l.ID, At: l.At})
		return
	}
	leaf := Leaf{Index: *l.Leaf, Record: l.ID, At: l.At, Digest: l.Digest}
	if !leaf.is(l.record()) {
		e.report.add(Altered, l.ID, "record %d was altered since it was sealed", l.ID)
	} else {
		e.report.Records++
	}
	e.pieces = append(e.pieces, piece{Part{leaf.Index, leaf.Index + 1, [][]byte{leaf.Hash()}}, &Line{ID: l.ID, At: l.At}})
}

// end builds the tree from the pieces, and compares it with the checkpoint.
func (e *exported) end() error {
	if e.checkpoint == "" {
		e.report.add(CutBack, 0, "the export does not end with a checkpoint: it was cut off, or made before there was one")
		return nil
	}
	c, signed, err := ReadCheckpoint(e.checkpoint, e.v.Keys)
	if err != nil {
		e.report.add(Unreadable, 0, "the checkpoint of the export cannot be read")
		return nil
	}
	if len(e.v.Keys) > 0 && !signed {
		e.report.add(NotSigned, 0, "%s is not signed with a key that was given", expected{Checkpoint: c}.name())
	}
	slices.SortStableFunc(e.pieces, func(a, b piece) int { return cmp.Compare(a.From, b.From) })
	tree := ranges.NewEmptyRange(0)
	if e.join(tree, c) {
		hash, err := root(tree)
		if err != nil {
			return err
		}
		if bytes.Equal(hash, c.Root) {
			e.report.agree(c, signed)
		} else {
			e.report.add(Rewritten, 0, "%s does not agree with the export: at least one of its records, or of its hashes, was altered", expected{Checkpoint: c}.name())
		}
	}
	e.elsewhere(c)
	for _, l := range e.unsealed {
		e.inTime(l, c.At)
	}
	return nil
}

// join adds the pieces up to the checkpoint to the tree, and says whether none was missing. Records that were sealed after the checkpoint
// count as not sealed.
func (e *exported) join(tree *compact.Range, c Checkpoint) bool {
	for _, p := range e.pieces {
		at := int64(tree.End())
		switch {
		case p.From >= c.Size && p.record != nil:
			e.report.NotSealed++
			e.unsealed = append(e.unsealed, *p.record)
			continue
		case p.From > at:
			e.takenOut(at, p.From)
			return false
		case p.From < at:
			e.report.add(Inserted, p.id(), "the export has leaf %d more than once", p.From)
			return false
		}
		if err := p.addTo(tree); err != nil {
			e.report.add(Rewritten, p.id(), "the hashes of the leaves from %d to %d were altered", p.From, p.To-1)
			return false
		}
		if p.record != nil {
			e.report.Leaves++
		}
	}
	if at := int64(tree.End()); at != c.Size {
		e.takenOut(min(at, c.Size), max(at, c.Size))
		return false
	}
	return true
}

func (e *exported) takenOut(from, to int64) {
	e.report.add(Removed, 0, "the records of the leaves from %d to %d were taken out of the export", from, to-1)
}

func (p piece) id() int64 {
	if p.record == nil {
		return 0
	}
	return p.record.ID
}

// addTo adds the hashes to a tree that ends where the piece begins.
func (p piece) addTo(tree *compact.Range) error {
	for _, hash := range p.Hashes {
		if len(hash) != rfc6962.DefaultHasher.Size() { // with other lengths, two different pairs of hashes could have the same parent
			return errors.New("a hash has another length")
		}
	}
	part, err := ranges.NewRange(uint64(p.From), uint64(p.To), p.Hashes)
	if err != nil {
		return err
	}
	return tree.AppendRange(part, nil)
}

func (e *exported) inTime(l Line, before time.Time) {
	if l.At.Before(before.Add(-late)) {
		e.report.add(Inserted, l.ID, "record %d says that it is of %s, and is not under the checkpoint of %s",
			l.ID, l.At.UTC().Format(time.RFC3339), before.UTC().Format(time.RFC3339))
	}
}

// elsewhere compares the checkpoint of the export with the checkpoints that were kept elsewhere. Only checkpoints of the same size can be
// compared.
func (e *exported) elsewhere(c Checkpoint) {
	for _, text := range e.v.Elsewhere {
		other, _, err := ReadCheckpoint(strings.TrimLeft(text, "\n"), e.v.Keys)
		switch {
		case err != nil:
			e.report.add(Unreadable, 0, "the checkpoint that was kept elsewhere cannot be read")
		case other.Size == c.Size && !bytes.Equal(other.Root, c.Root):
			e.report.add(Rewritten, 0, "the checkpoint that was kept elsewhere is another one than that of the export")
		}
	}
}
