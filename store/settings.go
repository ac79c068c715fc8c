package store

import (
	"context"
	"fmt"
	"time"

	"nidan/challenge"
)

// Settings implements [challenge.Switches].
func (t *tx) Settings(ctx context.Context) (challenge.Settings, error) {
	kept, err := settings(ctx, t)
	return kept.Settings, err
}

// KeptSettings implements [challenge.Switches].
func (t *tx) KeptSettings(ctx context.Context) (challenge.KeptSettings, error) {
	return settings(ctx, t)
}

// SaveSettings implements [challenge.Switches].
func (t *tx) SaveSettings(
	ctx context.Context, version int64, s challenge.Settings, by string, at time.Time,
) (bool, error) {
	return t.exactlyOne(ctx, `UPDATE settings SET two_factor = $2, admin_console = $3, softphone = $4, remember = $5,
			remember_days = $6, changed_by = $7, changed_at = $8, version = version + 1 WHERE version = $1`,
		version, s.TwoFactor, s.AdminConsole, s.Softphone, s.Remember, s.RememberDays, by, at.UnixMicro())
}

// Settings implements [challenge.Reader].
func (s *Store) Settings(ctx context.Context) (challenge.Settings, error) {
	kept, err := settings(ctx, s.db)
	return kept.Settings, err
}

// KeptSettings implements [challenge.Overview].
func (s *Store) KeptSettings(ctx context.Context) (challenge.KeptSettings, error) {
	return settings(ctx, s.db)
}

func settings(ctx context.Context, q executor) (challenge.KeptSettings, error) {
	var s challenge.KeptSettings
	var changed int64
	err := q.row(ctx, `SELECT two_factor, admin_console, softphone, remember, remember_days, version, changed_at,
			changed_by FROM settings`).
		Scan(&s.TwoFactor, &s.AdminConsole, &s.Softphone, &s.Remember, &s.RememberDays, &s.Version, &changed, &s.ChangedBy)
	if err != nil {
		return challenge.KeptSettings{}, fmt.Errorf("read the settings: %w", err)
	}
	if changed != 0 {
		s.ChangedAt = fromMicro(changed)
	}
	return s, nil
}
