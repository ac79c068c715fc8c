package store

import (
	"context"
	"fmt"
	"time"

	"nidan/exchange"
)

// AddSignIn implements [exchange.SignIns].
func (t *tx) AddSignIn(ctx context.Context, s exchange.SignIn) error {
	var since int64
	if s.WrongCodes.Count > 0 {
		since = s.WrongCodes.Since.UnixMicro()
	}
	err := t.add(ctx, `INSERT INTO sign_ins (account_id, authenticated_at, channel, second_step, wrong_codes, wrong_codes_since)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		s.Account, s.AuthenticatedAt.UnixMicro(), s.Channel, string(s.SecondStep), s.WrongCodes.Count, since)
	if err != nil {
		return fmt.Errorf("write a sign-in: %w", err)
	}
	return nil
}

// SignIn returns the sign-in, or [nidan/challenge.ErrNotFound], as the method of [exchange.SignIns] does.
func (s *Store) SignIn(ctx context.Context, account string, authenticatedAt time.Time) (*exchange.SignIn, error) {
	return signIn(ctx, s.db, account, authenticatedAt)
}

// SignIn implements [exchange.SignIns].
func (t *tx) SignIn(ctx context.Context, account string, authenticatedAt time.Time) (*exchange.SignIn, error) {
	return signIn(ctx, t, account, authenticatedAt)
}

// LatestSecondStep implements [exchange.SignIns].
func (t *tx) LatestSecondStep(ctx context.Context, account string, since time.Time) (*exchange.SignIn, error) {
	return scanSignIn(account, t.row(ctx, selectLatestSecondStep, account, since.UnixMicro()))
}

// selectLatestSecondStep has the values of [exchange.SecondStep] in its text and not as parameters: the condition must be the one of the
// index sign_ins_with_second_step, or the database reads the sign-ins of all accounts since then.
const selectLatestSecondStep = selectSignIn + `
	AND authenticated_at >= $2 AND second_step IN ('passed', 'remembered', 'enrol_only') ORDER BY authenticated_at DESC LIMIT 1`

const selectSignIn = `SELECT authenticated_at, channel, second_step, wrong_codes, wrong_codes_since FROM sign_ins WHERE account_id = $1`

// signIn finds the sign-in of an account at an instant. Some databases round a time to microseconds and others truncate it, so a time
// that differs by one microsecond matches too.
func signIn(ctx context.Context, q executor, account string, at time.Time) (*exchange.SignIn, error) {
	return scanSignIn(account, q.row(ctx, selectSignIn+`
		AND authenticated_at BETWEEN CAST($2 AS BIGINT) - 1 AND CAST($2 AS BIGINT) + 1
		ORDER BY abs(authenticated_at - CAST($2 AS BIGINT)) LIMIT 1`, account, at.UnixMicro()))
}

func scanSignIn(account string, r row) (*exchange.SignIn, error) {
	s := exchange.SignIn{Account: account}
	var at, since int64
	if err := r.Scan(&at, &s.Channel, &s.SecondStep, &s.WrongCodes.Count, &since); err != nil {
		return nil, notRead("read a sign-in", err)
	}
	s.AuthenticatedAt = fromMicro(at)
	if s.WrongCodes.Count > 0 {
		s.WrongCodes.Since = fromMicro(since)
	}
	return &s, nil
}
