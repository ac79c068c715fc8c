package store

import (
	"context"
	"fmt"

	"nidan/challenge"
)

// RememberDevice implements [challenge.Devices].
func (t *tx) RememberDevice(ctx context.Context, d challenge.Device) error {
	err := t.add(ctx, `INSERT INTO devices (account_id, token_hash, channel, verified_at, ip, user_agent)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account_id, token_hash) DO UPDATE SET channel = excluded.channel, verified_at = excluded.verified_at,
			ip = excluded.ip, user_agent = excluded.user_agent`,
		d.Account, d.TokenHash, d.Channel, d.VerifiedAt.UnixMicro(), d.IP, d.UserAgent)
	if err != nil {
		return fmt.Errorf("write a device: %w", err)
	}
	return nil
}

// RenewDevice implements [challenge.Devices].
func (t *tx) RenewDevice(ctx context.Context, from, to []byte) error {
	if err := t.add(ctx, `UPDATE devices SET token_hash = $2 WHERE token_hash = $1`, notNil(from), to); err != nil {
		return fmt.Errorf("renew a device: %w", err)
	}
	return nil
}

// DeviceRemembered says whether any account remembers the device with this token, however long ago it was verified.
func (s *Store) DeviceRemembered(ctx context.Context, tokenHash []byte) (found bool, err error) {
	err = s.db.row(ctx, `SELECT EXISTS (SELECT 1 FROM devices WHERE token_hash = $1)`, notNil(tokenHash)).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("read a device: %w", err)
	}
	return found, nil
}

// ForgetDevices implements [challenge.Devices].
func (t *tx) ForgetDevices(ctx context.Context, account string) (int, error) {
	n, err := t.exec(ctx, `DELETE FROM devices WHERE account_id = $1`, account)
	if err != nil {
		return 0, fmt.Errorf("forget devices: %w", err)
	}
	return int(n), nil
}

// ForgetDevice implements [challenge.Devices].
func (t *tx) ForgetDevice(ctx context.Context, account string, tokenHash []byte) (bool, error) {
	return t.exactlyOne(ctx, `DELETE FROM devices WHERE account_id = $1 AND token_hash = $2`, account, notNil(tokenHash))
}

// ForgetEveryDevice implements [challenge.Devices].
func (t *tx) ForgetEveryDevice(ctx context.Context) (int, error) {
	n, err := t.exec(ctx, `DELETE FROM devices`)
	if err != nil {
		return 0, fmt.Errorf("forget every device: %w", err)
	}
	return int(n), nil
}

// AccountDevices returns the devices that are remembered for the account, the newest first.
func (s *Store) AccountDevices(ctx context.Context, account string) (found []challenge.Device, err error) {
	err = each(ctx, s.db, func(r row) error {
		d := challenge.Device{Account: account}
		var verified int64
		err := r.Scan(&d.TokenHash, &d.Channel, &verified, &d.IP, &d.UserAgent)
		d.VerifiedAt = fromMicro(verified)
		found = append(found, d)
		return err
	}, `SELECT token_hash, channel, verified_at, ip, user_agent FROM devices WHERE account_id = $1 ORDER BY verified_at DESC`, account)
	if err != nil {
		return nil, fmt.Errorf("read devices: %w", err)
	}
	return found, nil
}
