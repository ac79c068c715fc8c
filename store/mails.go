package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"nidan/challenge"
	"nidan/records"
)

// Send implements [challenge.Sender]. The mail worker can take the message when the unit of work is durable.
func (t *tx) Send(ctx context.Context, m challenge.Message) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	err = t.add(ctx, `INSERT INTO mails (challenge_id, message, tries, due_at) VALUES ($1, $2, 0, $3)`,
		m.Challenge, string(raw), m.ExpiresAt.Add(-m.ValidFor).UnixMicro())
	if err != nil {
		return fmt.Errorf("queue a message: %w", err)
	}
	t.queued = true
	return nil
}

// Queued implements [mail.Outbox].
func (s *Store) Queued() <-chan struct{} { return s.queued }

// putOffAtMost is longer than any message is ever put off.
const putOffAtMost = 5 * time.Minute

// due is the SQL condition that a message is due at the time $1. No message is put off beyond the time $2. A message with a later
// time was put off before the clock was set back, so it is due too.
const due = `(due_at <= $1 OR due_at > $2)`

// TakeMessages implements [mail.Outbox].
func (s *Store) TakeMessages(ctx context.Context, now, until time.Time, n int) (taken []challenge.Outgoing, err error) {
	at, beyond := now.UnixMicro(), now.Add(putOffAtMost).UnixMicro()
	var any bool
	err = s.db.row(ctx, `SELECT EXISTS (SELECT 1 FROM mails WHERE `+due+`)`, at, beyond).Scan(&any)
	if err != nil {
		return nil, fmt.Errorf("look for messages: %w", err)
	}
	if !any {
		return nil, nil
	}
	err = s.update(ctx, "", func(t *tx) error {
		if taken, err = t.dueMessages(ctx, at, beyond, n, s.db.dialect().takeUnlocked); err != nil {
			return err
		}
		for i := range taken {
			taken[i].Tries++
			err := t.add(ctx, `UPDATE mails SET tries = $2, due_at = $3 WHERE challenge_id = $1`,
				taken[i].Challenge, taken[i].Tries, until.UnixMicro())
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("take messages: %w", err)
	}
	return taken, nil
}

func (t *tx) dueMessages(ctx context.Context, at, beyond int64, n int, unlocked string) (found []challenge.Outgoing, err error) {
	err = each(ctx, t, func(r row) error {
		var o challenge.Outgoing
		var id string
		var raw []byte
		if err := r.Scan(&id, &raw, &o.Tries, &o.Wanted); err != nil {
			return err
		}
		if json.Unmarshal(raw, &o.Message) != nil {
			// The message can never be sent, and must not hold up the other messages. It gets no expiry time here, so it counts as
			// expired.
			o.Message = challenge.Message{Challenge: id}
		}
		found = append(found, o)
		return nil
	}, `SELECT m.challenge_id, m.message, m.tries, c.id IS NOT NULL
		FROM mails m LEFT JOIN challenges c ON c.id = m.challenge_id AND c.closed = ''
		WHERE `+due+` ORDER BY m.due_at LIMIT $3 `+unlocked, at, beyond, n)
	return found, err
}

// PutOffMessages implements [mail.Outbox].
func (s *Store) PutOffMessages(ctx context.Context, until time.Time, challenges ...string) error {
	err := s.update(ctx, "", func(t *tx) error {
		for _, id := range challenges {
			err := t.add(ctx, `UPDATE mails SET due_at = $2 WHERE challenge_id = $1`, id, until.UnixMicro())
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("put messages off: %w", err)
	}
	return nil
}

const deleteMessage = `DELETE FROM mails WHERE challenge_id = $1`

// EndMessage implements [mail.Outbox].
func (s *Store) EndMessage(ctx context.Context, r records.Record) error {
	err := s.update(ctx, "", func(t *tx) error {
		if err := t.add(ctx, deleteMessage, r.Challenge); err != nil {
			return err
		}
		return t.AddRecord(ctx, r)
	})
	if err != nil {
		return fmt.Errorf("end a message: %w", err)
	}
	return nil
}

// FailMessage implements [mail.Outbox].
func (s *Store) FailMessage(ctx context.Context, r records.Record) error {
	err := s.update(ctx, "", func(t *tx) error {
		ended, err := t.exec(ctx, deleteMessage, r.Challenge)
		if err != nil {
			return err
		}
		if ended == 1 {
			err := t.add(ctx, `UPDATE challenges SET mail_failed = TRUE,
					expires_at = CASE WHEN expires_at < $2 THEN expires_at ELSE $2 END,
					resend_at = CASE WHEN resend_at < $2 THEN resend_at ELSE $2 END
				WHERE id = $1`, r.Challenge, r.At.UnixMicro())
			if err != nil {
				return err
			}
		}
		return t.AddRecord(ctx, r)
	})
	if err != nil {
		return fmt.Errorf("end a message that failed: %w", err)
	}
	return nil
}

// WaitingMessages implements [mail.Outbox].
func (s *Store) WaitingMessages(ctx context.Context) (n int, oldest time.Time, err error) {
	var issued int64
	err = s.db.row(ctx, `SELECT count(*), coalesce(min(c.issued_at), 0) FROM mails m LEFT JOIN challenges c ON c.id = m.challenge_id`).
		Scan(&n, &issued)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count the messages: %w", err)
	}
	if issued != 0 {
		oldest = fromMicro(issued)
	}
	return n, oldest, nil
}
