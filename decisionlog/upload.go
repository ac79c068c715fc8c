package decisionlog

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// errNotTaken is the error of a batch that the endpoint will not accept the next time either.
var errNotTaken = errors.New("the endpoint does not take it")

// send sends a batch. It returns false if the batch must be sent again.
func (l *Log) send(ctx context.Context, b *batch) bool {
	err := l.post(ctx, b)
	switch {
	case err == nil:
		l.sent.Add(int64(b.n))
		return true
	case errors.Is(err, errNotTaken):
		l.failures.Add(1)
		l.dropped.Add(int64(b.n))
		l.log.ErrorContext(ctx, "decisions were dropped from the decision log", "decisions", b.n, "err", err)
		return true
	}
	l.failures.Add(1)
	l.log.WarnContext(ctx, "decisions could not be sent, and will be later", "decisions", b.n, "waiting", len(l.waiting), "err", err)
	return false
}

func (l *Log) post(ctx context.Context, b *batch) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.config.URL, bytes.NewReader(b.body))
	if err != nil {
		return errors.New("send the decisions: the address cannot be read")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	if token := *l.token.Load(); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := l.client.Do(r)
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if err != nil {
		return fmt.Errorf("send the decisions: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	return verdict(answer.StatusCode)
}

// verdict says what a status means. A status that an operator can repair is tried again: a wrong token or address, a limit of the endpoint.
func verdict(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: status %d", errNotTaken, status)
	}
	return fmt.Errorf("the endpoint answers with status %d", status)
}

// compressed returns a JSON array of decisions, compressed by gzip.
func compressed(events [][]byte) ([]byte, error) {
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	for _, part := range [][]byte{[]byte("["), bytes.Join(events, []byte(",")), []byte("]")} {
		if _, err := w.Write(part); err != nil {
			return nil, fmt.Errorf("compress the decisions: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress the decisions: %w", err)
	}
	return body.Bytes(), nil
}
