package store

import (
	"context"
	"fmt"

	"nidan/exchange"
)

// Situation implements [exchange.Store].
func (s *Store) Situation(ctx context.Context, c exchange.Call) (exchange.Situation, error) {
	return situation(ctx, s.db, c)
}

// Situation implements [exchange.Tx].
func (t *tx) Situation(ctx context.Context, c exchange.Call) (exchange.Situation, error) {
	return situation(ctx, t, c)
}

// situation reads all facts for a decision in one statement, because each sign-in waits for it.
func situation(ctx context.Context, q executor, c exchange.Call) (s exchange.Situation, err error) {
	var verified, changed int64
	var console, phone bool
	var more string
	err = q.row(ctx, `SELECT
			settings.two_factor, settings.admin_console, settings.softphone, settings.channels, settings.remember, settings.remember_days,
			delivery.key IS NOT NULL,
			coalesce(latest.id, ''), coalesce(latest.channel, ''), coalesce(latest.max_attempts - latest.attempts, 0),
			coalesce(latest.closed, ''),
			coalesce(device.channel, ''), coalesce(device.verified_at, 0), EXISTS (SELECT 1 FROM devices WHERE account_id = $2),
			coalesce(account.password_changed_at, 0)
		FROM settings
		LEFT JOIN deliveries delivery ON delivery.key = $1
		LEFT JOIN challenges latest ON latest.id = (`+latestOf("id", "$2", "$3")+`)
		LEFT JOIN devices device ON device.account_id = $2 AND device.token_hash = $4
		LEFT JOIN accounts account ON account.account_id = $2`,
		c.Delivery, c.Account, c.Flow, notNil(c.DeviceToken)).
		Scan(&s.Settings.TwoFactor, &console, &phone, &more, &s.Settings.Remember, &s.Settings.RememberDays,
			&s.Answered,
			&s.Challenge.ID, &s.Challenge.Channel, &s.Challenge.AttemptsLeft, &s.Challenge.Closed,
			&s.Device.Channel, &verified, &s.HasDevices,
			&changed)
	if err == nil {
		s.Settings.Channels, err = switches(console, phone, more)
	}
	if err != nil {
		return exchange.Situation{}, fmt.Errorf("read what a decision rests on: %w", err)
	}
	if verified != 0 {
		s.Device.VerifiedAt = fromMicro(verified)
	}
	if changed != 0 {
		s.PasswordChanged = fromMicro(changed)
	}
	return s, nil
}

// latestOf returns a query for columns of the latest challenge of an account in a flow. The open challenge comes first: a new
// challenge can have the same time of issue as the older one that it replaces.
func latestOf(columns, account, flow string) string {
	return `SELECT ` + columns + ` FROM challenges WHERE account_id = ` + account + ` AND flow_id = ` + flow + `
		ORDER BY closed = '' DESC, issued_at DESC LIMIT 1`
}
