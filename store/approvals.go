package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nidan/records"
)

// Approval is a set of policies that waits for an administrator's answer, or that has got an answer. The store keeps Files and
// Loosening as bytes and does not read them; only the caller knows their formats.
type Approval struct {
	Revision   string
	Digest     string // digest of Against and of what the set would loosen
	Against    string // the revision that the set is compared with
	Name       string // the name in the manifest of the set's bundle; empty: the manifest has no name
	Source     string
	Loosening  []byte
	Files      []byte
	Since      time.Time
	Answer     string // empty: the set waits; else [Approved] or [Rejected]
	AnsweredBy string // the administrator's account name
	AnsweredAt time.Time
}

// The answers of an administrator.
const (
	Approved = "approved"
	Rejected = "rejected"
)

const approvalColumns = `revision, digest, against, name, source, loosening, files, since, answer, answered_by, answered_at`

// AskApproval keeps a set that waits for an answer, unless the store has the set already, and returns the set as the store keeps it.
// A rejected set stays rejected, whatever set it is compared with.
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

// Approvals are all sets that wait or that have an answer. The set that has waited longest comes first.
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

// errNotWaiting undoes the unit of work that would answer a set that does not wait.
var errNotWaiting = errors.New("it does not wait")

// AnswerApproval keeps the answer to a set that waits, together with the record of the answer, and tells all processes. It returns
// false if no such set waits: of several answers to the same set, only the first one counts.
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

// WithdrawApprovals deletes the sets of a source, with their answers, because the source has a new set. It keeps the set with the
// revision except.
func (s *Store) WithdrawApprovals(ctx context.Context, source, except string) error {
	if _, err := s.db.exec(ctx, `DELETE FROM policy_approvals WHERE source = $1 AND revision <> $2`, source, except); err != nil {
		return fmt.Errorf("withdraw policies that wait: %w", err)
	}
	return nil
}
