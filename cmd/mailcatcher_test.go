package cmd

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"strings"
	"testing"
)

func TestTheMailCatcherShowsTheMailsThatItTook(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	listen := func() net.Listener {
		l, err := listenHere(ctx, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	mails, pages := listen(), listen()
	ended := make(chan error)
	go func() { ended <- catchMail(ctx, mails, pages) }()
	mail := "Subject: Your code\r\n\r\n123456\r\n"
	if err := smtp.SendMail(mails.Addr().String(), nil, "nidan@example.com", []string{"agent@example.com"}, []byte(mail)); err != nil {
		t.Fatal(err)
	}
	read := func(path string) string {
		answer, err := http.Get("http://" + pages.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", path, answer.Status, err)
		}
		return string(body)
	}
	var got []struct{ To, Subject, Text string }
	if err := json.Unmarshal([]byte(read("/mail.json")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].To != "agent@example.com" || got[0].Subject != "Your code" || strings.TrimSpace(got[0].Text) != "123456" {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(read("/"), "Your code") {
		t.Error("the page does not show the mail")
	}
	end()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// Everybody who can reach the catcher can read the codes.
func TestTheMailCatcherListensOnThisMachineOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "localhost.example.com:0", "4437"} {
		if l, err := listenHere(t.Context(), address); err == nil {
			t.Errorf("it listens on %s", l.Addr())
			l.Close()
		}
	}
}
