package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// mostLine bounds a line of an export, in bytes.
const mostLine = 1 << 20

// Lines returns the records of an export (JSON Lines) that count, from a time on, in the order of the file. It skips other records.
func Lines(r io.Reader, since time.Time) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 64<<10), mostLine)
		for n := 1; lines.Scan(); n++ {
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			r, err := line(lines.Bytes())
			if err != nil {
				yield(Recorded{}, fmt.Errorf("read line %d: %w", n, err))
				return
			}
			if Counts(r.Kind) && !r.At.Before(since) && !yield(r, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Recorded{}, fmt.Errorf("read the records: %w", err))
		}
	}
}

func line(raw []byte) (Recorded, error) {
	var l struct {
		ID        *int64
		At        time.Time
		Kind      string
		AccountID string `json:"account_id"`
		Flow      string
		State     string
		Detail    json.RawMessage
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return Recorded{}, err
	}
	if l.ID == nil || l.Kind == "" {
		return Recorded{}, errors.New("it is no record: id or kind is missing")
	}
	return Recorded{ID: *l.ID, At: l.At, Kind: l.Kind, Account: l.AccountID, Flow: l.Flow, State: l.State, Detail: l.Detail}, nil
}

// Counts says whether records of a kind matter: sign-ins, and events that may make devices forgotten.
func Counts(kind string) bool {
	switch kind {
	case signInKind, "password_changed", "devices_forgotten", "account_switched", "settings_changed":
		return true
	}
	return false
}
