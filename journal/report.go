package journal

import (
	"fmt"
	"time"
)

// Kinds of problems.
const (
	Altered    = "altered"    // a record says something else than when it was sealed
	Removed    = "removed"    // a record is gone, and is not old enough to be erased
	Inserted   = "inserted"   // a record says that it is older than it can be
	Rewritten  = "rewritten"  // the leaves are not those that a checkpoint was made of
	Unreadable = "unreadable" // a checkpoint, or a line of an export
	NotSigned  = "not_signed" // a checkpoint that a key should have signed
	CutBack    = "cut_back"   // there is less than a checkpoint says
)

// Problem is one thing that was found.
type Problem struct {
	Kind   string `json:"kind"`
	Record int64  `json:"record,omitempty"` // the ID of the record that it is about; 0: of none in particular
	Text   string `json:"text"`
}

// mostProblems is how many problems are named; the others are counted.
const mostProblems = 1000

// Report is what a verification found.
type Report struct {
	Records     int64      `json:"records"`            // that are as they were sealed
	Past        int64      `json:"past_retention"`     // that are erased because they are old; their leaves are there
	NotSealed   int64      `json:"not_sealed"`         // that have no leaf yet
	Leaves      int64      `json:"leaves"`             // in the journal
	Checkpoints int        `json:"checkpoints"`        // that the leaves agree with
	Signed      int        `json:"signed"`             // of them, by one of the keys
	Newest      *time.Time `json:"newest,omitempty"`   // the time of the newest of them
	Covered     int64      `json:"covered"`            // leaves that the newest of them is made of
	Found       int        `json:"found"`              // problems
	Problems    []Problem  `json:"problems,omitempty"` // the first ones
}

func (r *Report) add(kind string, record int64, format string, args ...any) {
	r.Found++
	if len(r.Problems) < mostProblems {
		r.Problems = append(r.Problems, Problem{Kind: kind, Record: record, Text: fmt.Sprintf(format, args...)})
	}
}

func (r *Report) agree(c Checkpoint, signed bool) {
	r.Checkpoints++
	if signed {
		r.Signed++
	}
	if r.Newest == nil || c.At.After(*r.Newest) {
		r.Newest = &c.At
	}
	r.Covered = max(r.Covered, c.Size)
}
