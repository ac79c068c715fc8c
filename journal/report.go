package journal

import (
	"fmt"
	"time"
)

// Kinds of problems.
const (
	Altered    = "altered"    // a record differs from the one that was sealed
	Removed    = "removed"    // a record is gone, and it is not old enough to be erased
	Inserted   = "inserted"   // a record claims to be older than it can be
	Rewritten  = "rewritten"  // the leaves are not the ones that a checkpoint covers
	Unreadable = "unreadable" // a checkpoint, or a line of an export, cannot be read
	NotSigned  = "not_signed" // a checkpoint lacks the signature of a key that should have signed it
	CutBack    = "cut_back"   // the journal has fewer leaves than a checkpoint says, or an export has no checkpoint
)

// Problem is one problem that a verification found.
type Problem struct {
	Kind   string `json:"kind"`
	Record int64  `json:"record,omitempty"` // the ID of the record that has the problem; 0: it concerns no single record
	Text   string `json:"text"`
}

// mostProblems is how many problems a report names. Further problems are only counted.
const mostProblems = 1000

// Report is the result of a verification.
type Report struct {
	Records     int64      `json:"records"`            // records that are as they were sealed
	Past        int64      `json:"past_retention"`     // records that were erased because they are old; their leaves are there
	NotSealed   int64      `json:"not_sealed"`         // records that have no leaf yet
	Leaves      int64      `json:"leaves"`             // leaves in the journal
	Checkpoints int        `json:"checkpoints"`        // checkpoints that agree with the leaves
	Signed      int        `json:"signed"`             // of these, the ones that one of the keys has signed
	Newest      *time.Time `json:"newest,omitempty"`   // the time of the newest of these
	Covered     int64      `json:"covered"`            // leaves that the largest of these covers
	Found       int        `json:"found"`              // the number of problems
	Problems    []Problem  `json:"problems,omitempty"` // the first problems
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
