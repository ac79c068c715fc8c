package mail

import "fmt"

// Login changes the user name and password for the mail server. New connections use them. Mails that are being sent are finished with
// the old ones.
func (q *Queue) Login(username, password string) error { return q.sender.login(username, password) }

func (s *sender) login(username, password string) error {
	c := s.relay.Load().config
	c.Username, c.Password = username, password
	next, err := newRelay(c)
	if err != nil {
		return fmt.Errorf("take another user of the mail server: %w", err)
	}
	s.relay.Swap(next).leave()
	return nil
}

// leave closes the idle connections. From now on, the relay keeps no connection for the next mail.
func (r *relay) leave() {
	r.mu.Lock()
	idle := r.idle
	r.idle, r.left = nil, true
	r.mu.Unlock()
	for _, c := range idle {
		c.end()
	}
}
