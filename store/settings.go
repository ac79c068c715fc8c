package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"nidan/settings"
)

// Settings implements [settings.Switches].
func (t *tx) Settings(ctx context.Context) (settings.Settings, error) {
	kept, err := keptSettings(ctx, t)
	return kept.Settings, err
}

// KeptSettings implements [settings.Switches].
func (t *tx) KeptSettings(ctx context.Context) (settings.Kept, error) {
	return keptSettings(ctx, t)
}

// SaveSettings implements [settings.Switches].
func (t *tx) SaveSettings(
	ctx context.Context, version int64, s settings.Settings, by string, at time.Time,
) (bool, error) {
	more, err := moreSwitches(s)
	if err != nil {
		return false, err
	}
	return t.exactlyOne(ctx, `UPDATE settings SET two_factor = $2, admin_console = $3, softphone = $4, channels = $5, remember = $6,
			remember_days = $7, changed_by = $8, changed_at = $9, version = version + 1 WHERE version = $1`,
		version, s.TwoFactor, s.On(adminConsole), s.On(softphone), more, s.Remember, s.RememberDays, by, at.UnixMicro())
}

// The channels whose switch has a column of its own in the table settings.
const (
	adminConsole = "admin_console"
	softphone    = "softphone"
)

// moreSwitches returns the switches of the other channels as JSON, as the column channels keeps them.
func moreSwitches(s settings.Settings) (string, error) {
	more := maps.Clone(s.Channels)
	delete(more, adminConsole)
	delete(more, softphone)
	if len(more) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(more)
	if err != nil {
		return "", fmt.Errorf("encode the switches of the channels: %w", err)
	}
	return string(raw), nil
}

// switches returns the switches of all channels: the two that have a column, and the others from JSON. If the JSON cannot be read,
// switches returns an error, so that no sign-in is let in: the lost switch may be one that is on.
func switches(console, phone bool, more string) (map[string]bool, error) {
	all := map[string]bool{}
	if more != "" {
		if err := json.Unmarshal([]byte(more), &all); err != nil {
			return nil, fmt.Errorf("read the switches of the channels: %w", err)
		}
	}
	if all == nil {
		all = map[string]bool{}
	}
	all[adminConsole], all[softphone] = console, phone
	return all, nil
}

// Settings returns the current settings.
func (s *Store) Settings(ctx context.Context) (settings.Settings, error) {
	kept, err := keptSettings(ctx, s.db)
	return kept.Settings, err
}

// KeptSettings returns the current settings with their version.
func (s *Store) KeptSettings(ctx context.Context) (settings.Kept, error) {
	return keptSettings(ctx, s.db)
}

func keptSettings(ctx context.Context, q executor) (settings.Kept, error) {
	var s settings.Kept
	var changed int64
	var console, phone bool
	var more string
	err := q.row(ctx, `SELECT two_factor, admin_console, softphone, channels, remember, remember_days, version, changed_at,
			changed_by FROM settings`).
		Scan(&s.TwoFactor, &console, &phone, &more, &s.Remember, &s.RememberDays, &s.Version, &changed, &s.ChangedBy)
	if err == nil {
		s.Channels, err = switches(console, phone, more)
	}
	if err != nil {
		return settings.Kept{}, fmt.Errorf("read the settings: %w", err)
	}
	if changed != 0 {
		s.ChangedAt = fromMicro(changed)
	}
	return s, nil
}
