package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nidan/records"
)

// Approval is a set of policies that waits for an administrator's answer, or has got it. Whoever keeps it knows what its files and its
// loosening are; the store does not read them.
type Approval struct {
	Revision   string
	Digest     string // of what would be loosened
	Against    string // the revision that it is compared with
	Name       string // what its bundle's manifest calls it; empty: nothing
	Source     string
	Loosening  []byte
	Files      []byte
	Since      time.Time
	Answer     string // empty: it waits; else one of [Approved] and [Rejected]
	AnsweredBy string // account name
	AnsweredAt time.Time
}

// The answers.
const (
	Approved = "approved"
	Rejected = "rejected"
)

const approvalColumns = `revision, digest, against, name, source, loosening, files, since, answer, answered_by, answered_at`

// AskApproval has a set wait for an answer unless it does or has one, and returns it as it is kept. A set that was rejected is rejected
// whatever it is compared with.
func (s *Store) AskApproval(ctx context.Context, a Approval) (kept Approval, err error) {
	err = s.update(ctx, "", func(t *tx) error {
		err := t.add(ctx, `INSERT INTO policy_approvals (`+approvalColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '', 0)
			ON CONFLICT (revision, digest) DO NOTHING`,
			a.Revision, a.Digest, a.Against, a.Name, a.Source, a.Loosening, a.Files, a.Since.UnixMicro())
		if err != nil {
			return err
		}
		kept, err = scanApproval(t.row(ctx, `SELECT `+approvalColumns+` FROM policy_approvals
			WHERE revision = $1 AND (digest = $2 OR answer = 'rejected') ORDER BY answer = 'rejected' DESC LIMIT 1`, a.Revision, a.Digest))
		return err
	})
	if err != nil {
		return kept, fmt.Errorf("ask for the approval of policies: %w", err)
	}
	return kept, nil
}

// Approvals are all sets that wait or have an answer, the one first that has waited longest.
func (s *Store) Approvals(ctx context.Context) (found []Approval, err error) {
	err = each(ctx, s.db, func(r row) error {
		a, err := scanApproval(r)
		found = append(found, a)
		return err
	}, `SELECT `+approvalColumns+` FROM policy_approvals ORDER BY since, revision, digest`)
	if err != nil {
		return nil, fmt.Errorf("read which policies wait for approval: %w", err)
	}
	return found, nil
}

func scanApproval(r row) (a Approval, err error) {
	var since, answered int64
	err = r.Scan(&a.Revision, &a.Digest, &a.Against, &a.Name, &a.Source, &a.Loosening, &a.Files, &since, &a.Answer, &a.AnsweredBy, &answered)
	a.Since = fromMicro(since)
	if answered != 0 {
		a.AnsweredAt = fromMicro(answered)
	}
	return a, err
}

// errNotWaiting undoes an answer to a set that does not wait.
var errNotWaiting = errors.New("it does not wait")

// AnswerApproval keeps the answer to a set that waits, with the record of it, and tells all processes. It says whether there was such a
// set: of any number of answers, one counts.
func (s *Store) AnswerApproval(ctx context.Context, revision, digest, answer string, r records.Record) (bool, error) {
	err := s.update(ctx, "", func(t *tx) error {
		waited, err := t.exactlyOne(ctx, `UPDATE policy_approvals SET answer = $3, answered_by = $4, answered_at = $5
			WHERE revision = $1 AND digest = $2 AND answer = ''`, revision, digest, answer, r.By, r.At.UnixMicro())
		if err != nil {
			return err
		}
		if !waited {
			return errNotWaiting
		}
		return errors.Join(s.notifyPolicies(ctx, t, revision), t.AddRecord(ctx, r))
	})
	if errors.Is(err, errNotWaiting) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("keep the answer to policies that wait: %w", err)
	}
	return true, nil
}

// WithdrawApprovals forgets the sets of a source but one, with their answers: the source has another one now.
func (s *Store) WithdrawApprovals(ctx context.Context, source, except string) error {
	if _, err := s.db.exec(ctx, `DELETE FROM policy_approvals WHERE source = $1 AND revision <> $2`, source, except); err != nil {
		return fmt.Errorf("withdraw policies that wait: %w", err)
	}
	return nil
}
