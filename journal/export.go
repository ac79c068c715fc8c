package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"nidan/records"
)

// Line is one line of an export: a record, or, at the end, a part of the proof. The lines of the proof have kinds that no record has.
type Line struct {
	ID        int64           `json:"id"`
	At        time.Time       `json:"at"`
	Kind      string          `json:"kind"`
	AccountID string          `json:"account_id"`
	Account   string          `json:"account"`
	By        string          `json:"by"`
	Flow      string          `json:"flow"`
	Challenge string          `json:"challenge"`
	State     string          `json:"state"`
	Reason    string          `json:"reason"`
	Revision  string          `json:"revision"`
	Detail    json.RawMessage `json:"detail"`
	Leaf      *int64          `json:"leaf,omitempty"`   // the index of the record's leaf; nil: the record is not sealed yet
	Digest    []byte          `json:"digest,omitempty"` // the digest in the leaf
}

// The kinds of the lines of the proof.
const (
	partKind       = "journal_leaves"
	checkpointKind = "journal_checkpoint"
)

// partLine and checkpointLine are the lines of the proof, at the end of an export.
type (
	partLine struct {
		ID   int64  `json:"id"` // always 0
		Kind string `json:"kind"`
		Part
	}
	checkpointLine struct {
		ID         int64  `json:"id"` // always 0
		Kind       string `json:"kind"`
		Checkpoint string `json:"checkpoint"`
	}
)

// LineOf makes the line of a record. The leaf is nil if the record has none yet.
func LineOf(r records.Record, l *Leaf) Line {
	line := Line{
		ID: r.ID, At: r.At, Kind: r.Kind, AccountID: r.Account, Account: r.Name, By: r.By, Flow: r.Flow, Challenge: r.Challenge,
		State: r.State, Reason: r.Reason, Revision: r.Revision, Detail: json.RawMessage("null"),
	}
	switch {
	case json.Valid(r.Detail):
		line.Detail = r.Detail
	case len(r.Detail) > 0: // somebody has altered the detail: the export must go on
		line.Detail, _ = json.Marshal(string(r.Detail))
	}
	if l != nil {
		line.Leaf, line.Digest = &l.Index, l.Digest
	}
	return line
}

// record returns the record in the line.
func (l Line) record() records.Record {
	r := records.Record{
		ID: l.ID, At: l.At, Kind: l.Kind, Account: l.AccountID, Name: l.Account, By: l.By, Flow: l.Flow, Challenge: l.Challenge,
		State: l.State, Reason: l.Reason, Revision: l.Revision,
	}
	if string(l.Detail) != "null" {
		r.Detail = l.Detail
	}
	return r
}

// Export writes an export of records, in any order. The export can be verified without the database.
type Export struct {
	to     *json.Encoder
	leaves []int64
}

// NewExport returns an export that has written nothing yet.
func NewExport(w io.Writer) *Export {
	to := json.NewEncoder(w)
	to.SetEscapeHTML(false) // the digest is made of the text without HTML escapes
	return &Export{to: to}
}

// Record writes a record, with its leaf if it has one.
func (e *Export) Record(r records.Record, l *Leaf) error {
	if l != nil {
		e.leaves = append(e.leaves, l.Index)
	}
	if err := e.to.Encode(LineOf(r, l)); err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}

// End writes the proof, if there is a checkpoint.
func (e *Export) End(ctx context.Context, of Prover) error {
	checkpoint, err := Prove(ctx, of, e.leaves, func(p Part) error {
		return e.to.Encode(partLine{Kind: partKind, Part: p})
	})
	if err == nil && checkpoint != "" {
		err = e.to.Encode(checkpointLine{Kind: checkpointKind, Checkpoint: checkpoint})
	}
	if err != nil {
		return fmt.Errorf("write the proof of an export: %w", err)
	}
	return nil
}
