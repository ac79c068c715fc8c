package challenge

import (
	"context"
	"slices"
	"time"
)

// wrongCode is a wrong code that was tried.
type wrongCode struct {
	account, flow string
	at            time.Time
	told          bool
}

// memory is a transaction in memory, for tests of the rules alone. Package store tests the databases.
type memory struct {
	challenges []*Challenge
	sent       []Message
	devices    []Device
	wrong      []wrongCode
	fail       map[string]error // by name of the method
}

func (m *memory) LatestChallenge(_ context.Context, account, flow string) (*Challenge, error) {
	for i := len(m.challenges) - 1; i >= 0; i-- {
		if c := m.challenges[i]; c.Account == account && c.Flow == flow {
			found := *c
			return &found, nil
		}
	}
	return nil, ErrNotFound
}

// last is the challenge that a submission continues from.
func (m *memory) last(s Submission) *Challenge {
	last, _ := m.LatestChallenge(context.Background(), s.Account, s.Flow)
	return last
}

func (m *memory) AddChallenge(_ context.Context, c *Challenge) error {
	kept := *c
	m.challenges = append(m.challenges, &kept)
	return m.fail["AddChallenge"]
}

func (m *memory) CountAttempt(_ context.Context, id string) (bool, error) {
	c := m.byID(id)
	if c == nil || !c.Open() || c.AttemptsLeft() == 0 {
		return false, m.fail["CountAttempt"]
	}
	c.Attempts++
	return true, m.fail["CountAttempt"]
}

func (m *memory) CloseChallenge(_ context.Context, id string, how Closing, _ time.Time) (bool, error) {
	c := m.byID(id)
	if c == nil || !c.Open() {
		return false, m.fail["CloseChallenge"]
	}
	c.Closed = how
	return true, m.fail["CloseChallenge"]
}

func (m *memory) Send(_ context.Context, msg Message) error {
	m.sent = append(m.sent, msg)
	return m.fail["Send"]
}

func (m *memory) CodesSince(_ context.Context, account string, reserved bool, since time.Time) (sent []time.Time, err error) {
	for _, c := range m.challenges {
		if c.Account == account && c.Reserved == reserved && c.IssuedAt.After(since) {
			sent = append(sent, c.IssuedAt)
		}
	}
	return sent, m.fail["CodesSince"]
}

func (m *memory) WrongCodes(_ context.Context, account string) (n int, err error) {
	for _, w := range m.wrong {
		if w.account == account {
			n++
		}
	}
	return n, m.fail["WrongCodes"]
}

func (m *memory) AddWrongCode(_ context.Context, account, flow string, at time.Time) error {
	m.wrong = append(m.wrong, wrongCode{account: account, flow: flow, at: at})
	return m.fail["AddWrongCode"]
}

func (m *memory) ClearWrongCodes(_ context.Context, account, flow string) error {
	m.wrong = slices.DeleteFunc(m.wrong, func(w wrongCode) bool { return w.account == account && (flow == "" || w.flow == flow) })
	return m.fail["ClearWrongCodes"]
}

func (m *memory) ForgetWrongCodes(_ context.Context, account string, before time.Time) (int, error) {
	all := len(m.wrong)
	m.wrong = slices.DeleteFunc(m.wrong, func(w wrongCode) bool { return w.account == account && w.at.Before(before) })
	return all - len(m.wrong), m.fail["ForgetWrongCodes"]
}

func (m *memory) UntoldWrongCodes(_ context.Context, account string) (found WrongCodes, err error) {
	for _, w := range m.wrong {
		if w.account == account && !w.told {
			if found.Count == 0 {
				found.Since = w.at
			}
			found.Count++
		}
	}
	return found, m.fail["UntoldWrongCodes"]
}

func (m *memory) TellWrongCodes(_ context.Context, account string) error {
	for i := range m.wrong {
		m.wrong[i].told = m.wrong[i].told || m.wrong[i].account == account
	}
	return m.fail["TellWrongCodes"]
}

func (m *memory) RememberDevice(_ context.Context, d Device) error {
	m.devices = append(m.devices, d)
	return m.fail["RememberDevice"]
}

func (m *memory) ForgetDevice(context.Context, string, []byte) (bool, error) { return false, nil }

func (m *memory) RenewDevice(context.Context, []byte, []byte) error { return m.fail["RenewDevice"] }

func (m *memory) ForgetEveryDevice(context.Context) (int, error) { return 0, nil }

func (m *memory) ForgetDevices(context.Context, string) (int, error) { return 0, nil }

func (m *memory) SetPasswordChanged(context.Context, string, time.Time) error { return nil }

func (m *memory) byID(id string) *Challenge {
	for _, c := range m.challenges {
		if c.ID == id {
			return c
		}
	}
	return nil
}
