package mail

import "fmt"

// Login has mails be handed over as that user in every conversation that begins from now on. Those under way are finished.
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

// leave ends the conversations in which nothing is under way, and keeps none from now on.
func (r *relay) leave() {
	r.mu.Lock()
	idle := r.idle
	r.idle, r.left = nil, true
	r.mu.Unlock()
	for _, c := range idle {
		c.end()
	}
}
