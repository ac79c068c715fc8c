package replay

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"
)

// loginPath is the path of the decisions on sign-ins in a decision log.
const loginPath = "nidan/login/decision"

// decision is one decision of a decision log, in OPA's format.
type decision struct {
	ID        string          `json:"decision_id"`
	Path      string          `json:"path"`
	Input     json.RawMessage `json:"input"`
	Result    json.RawMessage `json:"result"`
	Erased    []string        `json:"erased"`
	Masked    []string        `json:"masked"`
	Timestamp time.Time       `json:"timestamp"`
}

// DecisionLog returns the sign-ins of a decision log, from a time on, in the order of the file. The log holds decisions in JSON,
// one after the other or in arrays, and may be compressed with gzip. Decisions on other questions are skipped.
func DecisionLog(r io.Reader, since time.Time) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		n := 0
		err := eachDecision(r, func(d decision) (bool, error) {
			n++
			switch {
			case d.ID == "" || d.Path == "":
				return false, errors.New("it is no decision: decision_id or path is missing")
			case d.Path != loginPath || d.Timestamp.Before(since):
				return true, nil
			}
			detail, err := json.Marshal(struct {
				Input    json.RawMessage `json:"input"`
				Decision json.RawMessage `json:"decision"`
				Erased   []string        `json:"erased"`
				Masked   []string        `json:"masked"`
			}{d.Input, d.Result, d.Erased, d.Masked})
			if err != nil {
				return false, err
			}
			return yield(Recorded{DecisionID: d.ID, At: d.Timestamp, Detail: detail}, nil), nil
		})
		if err != nil {
			yield(Recorded{}, fmt.Errorf("read the decision log, after %d decisions: %w", n, err))
		}
	}
}

// eachDecision reads decisions until do returns false.
func eachDecision(r io.Reader, do func(decision) (bool, error)) error {
	buffered := bufio.NewReader(r)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		buffered = bufio.NewReader(unzipped)
	}
	arrays, err := beginsWith(buffered, '[')
	if err != nil {
		return err
	}
	dec := json.NewDecoder(buffered)
	for {
		if arrays {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
		for dec.More() {
			var d decision
			if err := dec.Decode(&d); err != nil {
				return unexpected(err)
			}
			if more, err := do(d); !more || err != nil {
				return err
			}
		}
		// The end of the array or of the file. A file that ends inside an array is an error.
		if _, err := dec.Token(); errors.Is(err, io.EOF) && !arrays {
			return nil
		} else if err != nil {
			return unexpected(err)
		}
	}
}

// unexpected turns io.EOF into io.ErrUnexpectedEOF, for places where the file must not end.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// beginsWith says whether a byte comes first, after white space.
func beginsWith(r *bufio.Reader, what byte) (bool, error) {
	for {
		b, err := r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil:
			return false, err
		case bytes.IndexByte([]byte(" \t\r\n"), b) < 0:
			return b == what, r.UnreadByte()
		}
	}
}

// InOrder returns the records in the order of time. It holds all of them in memory.
func InOrder(recorded iter.Seq2[Recorded, error]) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		var all []Recorded
		for r, err := range recorded {
			if err != nil {
				yield(r, err)
				return
			}
			all = append(all, r)
		}
		slices.SortStableFunc(all, func(a, b Recorded) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}
