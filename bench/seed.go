package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/settings"
	"nidan/store"
)

// caught is a transaction that reads its messages and does not keep them: the code is in clear nowhere else.
type caught struct {
	exchange.Tx
	keys *challenge.Keyring
	code string
}

// Send implements [challenge.Sender].
func (c *caught) Send(_ context.Context, m challenge.Message) (err error) {
	c.code, err = m.Open(c.keys)
	return err
}

// opened opens the database in dir, and makes its tables.
func opened(ctx context.Context, dir string) (*store.Store, error) {
	st, err := store.Open(ctx, database(dir))
	if err != nil {
		return nil, err
	}
	all := settings.Settings{TwoFactor: true, Remember: true, RememberDays: 30}
	if err := st.Migrate(ctx, all); err != nil {
		st.Close()
		return nil, err
	}
	return st, nil
}

// issued puts n codes into the database in dir, as the hook would issue them, and returns the sign-ins that these codes let in.
func issued(ctx context.Context, dir string, n int) ([]one, error) {
	st, err := opened(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	keys, err := challenge.NewKeyring([]string{secret})
	if err != nil {
		return nil, err
	}
	c := &challenge.Challenger{Keys: keys, Now: time.Now, Rand: rand.Reader, MailWaits: func() bool { return false }}
	terms := challenge.Terms{
		Length: 6, TTL: 10 * time.Minute, MaxAttempts: 10, RememberDays: 30, Codes: 5, CodesWithin: 10 * time.Minute, CodesPerDay: 20,
		WaitDoublesAfter: 10, WrongCodes: 100, WrongCodesFor: 24 * time.Hour, TellWrongCodes: 3,
	}
	all := make([]one, n)
	for i := range all {
		all[i] = signIn(0)
	}
	var workers sync.WaitGroup
	errs := make([]error, 64)
	for w := range errs {
		workers.Go(func() {
			for i := w; i < n && errs[w] == nil; i += len(errs) {
				sent := &caught{keys: keys}
				errs[w] = st.Update(ctx, all[i].account, func(tx exchange.Tx) error {
					sent.Tx = tx
					email := all[i].name + "@example.com"
					_, err := c.Advance(ctx, sent, nil, challenge.Submission{
						Account: all[i].account, Name: all[i].name, Flow: all[i].flow, Channel: "softphone", Email: email, Locale: "ja",
						Facts: challenge.Facts{Email: email, Role: "user", State: "active", TwoFactor: true}.Digest(),
					}, terms)
					return err
				})
				all[i].code, all[i].at = sent.code, signIn(0).at // the code comes with another submission of the flow
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("issue codes: %w", err)
		}
	}
	return all, nil
}

// deviceToken returns the token of an account's device.
func deviceToken(account int64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "device-%025d", account))
}

// filled puts n records and n remembered devices of n accounts into the database in dir.
func filled(ctx context.Context, dir string, n int64) error {
	st, err := opened(ctx, dir)
	if err != nil {
		return err
	}
	defer st.Close()
	tx, err := st.DB().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	detail := encoded(askOPA()["input"]) // the detail of a record
	_, err = tx.ExecContext(ctx, `WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < $1)
		INSERT INTO records (at, kind, account_id, account_name, flow_id, challenge_id, state, reason, revision, detail)
		SELECT $2 + n, 'sign_in', printf('%08d-0000-4000-8000-%012d', 1, n * 7919 % $1), printf('agent-%d', n * 7919 % $1),
			printf('%08d-0000-4000-8000-%012d', 3, n), '', 'allowed', 'account_off', '0123456789abcdef', $3 FROM number`,
		n, time.Now().Add(-24*time.Hour).UnixMicro(), detail)
	if err != nil {
		return fmt.Errorf("fill the records: %w", err)
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO devices (account_id, token_hash, channel, verified_at, ip, user_agent)
		VALUES ($1, $2, 'softphone', $3, '192.0.2.7', 'Softphone/3.5.0')`)
	if err != nil {
		return err
	}
	defer insert.Close()
	verified := time.Now().Add(-time.Hour).UnixMicro()
	for i := range n {
		if _, err := insert.ExecContext(ctx, id(1, i), challenge.HashDeviceToken(deviceToken(i)), verified); err != nil {
			return fmt.Errorf("fill the devices: %w", err)
		}
	}
	return tx.Commit()
}
