package status

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// sendWithin is the timeout of one update.
const sendWithin = 10 * time.Second

// Config says where updates go.
type Config struct {
	URL      string        // /status is added to it
	Token    string        // the first bearer token (RFC 6750); empty: none
	Interval time.Duration // the time between two updates if nothing changes
	Look     time.Duration // the time between two looks for changes; it grows with failures, up to the interval
}

// Reporter sends updates.
type Reporter struct {
	config  Config
	token   atomic.Pointer[string]
	current func() Update
	client  *http.Client
	log     *slog.Logger
}

// New returns a reporter. It sends nothing before [Reporter.Run]. It sends the status that current returns, and calls current often.
func New(c Config, current func() Update, log *slog.Logger) *Reporter {
	c.URL = strings.TrimSuffix(c.URL, "/") + "/status"
	r := &Reporter{
		config: c, current: current, log: log,
		client: &http.Client{
			Timeout: sendWithin,
			// A redirect would send the token to a server that is not configured.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	r.SetToken(c.Token)
	return r
}

// SetToken sets the token for the following updates; empty: none.
func (r *Reporter) SetToken(token string) { r.token.Store(&token) }

// Run sends updates until ctx ends.
func (r *Reporter) Run(ctx context.Context) error {
	again := time.NewTicker(r.config.Interval) // an update is due even if nothing changes
	defer again.Stop()
	var told Update
	due := true
	for failures := 0; ; {
		if now := r.current(); due || now.news(told) {
			err := r.send(ctx, now)
			if ctx.Err() != nil {
				return nil
			}
			r.note(ctx, err, failures)
			if told, due = now, err != nil; due {
				failures++
			} else {
				failures = 0
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
			due = true
		case <-time.After(min(r.config.Look<<min(failures, 20), r.config.Interval)):
		}
	}
}

func (r *Reporter) send(ctx context.Context, u Update) error {
	body, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("encode the status: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.config.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("send the status: the address cannot be read")
	}
	req.Header.Set("Content-Type", "application/json")
	if token := *r.token.Load(); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := r.client.Do(req)
	if without := (*url.Error)(nil); errors.As(err, &without) {
		err = without.Err // without the address, which may contain a secret
	}
	if err != nil {
		return fmt.Errorf("send the status: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("send the status: the server answers with status %d", answer.StatusCode)
	}
	return nil
}

// note logs once that updates cannot be sent, and once that they can be sent again.
func (r *Reporter) note(ctx context.Context, err error, failures int) {
	switch {
	case err != nil && failures == 0:
		r.log.WarnContext(ctx, "it cannot be told which policies decide; it is tried again", "err", err)
	case err == nil && failures > 0:
		r.log.InfoContext(ctx, "it can be told again which policies decide")
	}
}
