package mail

import (
	"testing"
	"time"
)

// has makes the server require another password in sessions that begin from now on.
func (s *server) has(password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.password = password
}

func TestAnotherPasswordIsUsedInEveryConversationThatBegins(t *testing.T) {
	server := &server{username: "u", password: "old"}
	c := server.listen(t, true, false)
	c.TLS, c.Username, c.Password = "starttls", "u", "old"
	s, err := newSender(config(c))
	if err != nil {
		t.Fatal(err)
	}
	send := func() error { return s.send(t.Context(), message("en", time.Minute), "123456") }
	if err := send(); err != nil {
		t.Fatal(err)
	}
	server.has("new")
	if err := s.login("u", "new"); err != nil {
		t.Fatal(err)
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	if server.begun != 4 { // each connection sends EHLO twice, the second time after STARTTLS
		t.Errorf("%d conversations begun, want one with each password", server.begun)
	}
	server.has("newer")
	if err := s.login("u", "wrong"); err != nil {
		t.Fatal(err)
	}
	if send() == nil {
		t.Error("the mail went out with the password before")
	}
}

func TestAConversationUnderWayAtTheChangeIsNotUsedAgain(t *testing.T) {
	server := &server{username: "u", password: "old", hang: make(chan struct{}), reached: make(chan struct{}, 10)}
	c := server.listen(t, true, false)
	c.TLS, c.Username, c.Password = "starttls", "u", "old"
	s, err := newSender(config(c))
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error)
	go func() { sent <- s.send(t.Context(), message("en", time.Minute), "123456") }()
	<-server.reached
	before := s.relay.Load()
	if err := s.login("u", "new"); err != nil {
		t.Fatal(err)
	}
	close(server.hang)
	if err := <-sent; err != nil {
		t.Errorf("what was under way is finished: %v", err)
	}
	if _, kept := before.kept(); kept {
		t.Error("the conversation is kept")
	}
}
