package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nidan/mail"
	"nidan/server/console"
	"nidan/store"
)

// mailDetail returns the line about mail in /readyz, or "" if the mail server works. Trouble with mail does not change the status of
// /readyz, because people who need no code can still sign in. The line does not repeat the server's answer; the log has it.
func mailDetail(t *mail.Trouble) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("mail: degraded since %s: %s\n", t.Since.UTC().Format(time.RFC3339), t.Reason)
}

// mailTrouble returns a function that gives the trouble with mail for the console's pages, or nil if the mail server works.
func mailTrouble(q *mail.Queue) func() *console.MailTrouble {
	return func() *console.MailTrouble {
		t := q.Trouble()
		if t == nil {
			return nil
		}
		return &console.MailTrouble{Since: t.Since, Reason: t.Reason, Error: t.Err.Error()}
	}
}

// mailMetrics are the metrics of the mail. Each request to /metrics reads them from the queue and the database.
type mailMetrics struct {
	queue *mail.Queue
	store *store.Store
	log   *slog.Logger
}

// Describe implements [prometheus.Collector].
func (mailMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector]. If the database does not answer, it leaves out the metrics of waiting mails.
func (m mailMetrics) Collect(ch chan<- prometheus.Metric) {
	t := m.queue.Trouble()
	for _, reason := range mail.Reasons {
		collect(ch, prometheus.GaugeValue, "nidan_mail_trouble", "1: for this reason, this process cannot send codes.",
			one(t != nil && t.Reason == reason), "reason", reason)
	}
	for end, n := range m.queue.Ended() {
		collect(ch, prometheus.CounterValue, "nidan_mail_ended_total",
			"Mails by result: sent, refused permanently by the server, given_up because the code expired, or dropped because nobody waited for the code.",
			float64(n), "end", end)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	n, oldest, err := m.store.WaitingMessages(ctx)
	if err != nil {
		m.log.WarnContext(ctx, "how many mails wait could not be read for the metrics", "err", err)
		return
	}
	age := 0.0
	if n > 0 && !oldest.IsZero() {
		age = max(0, now().Sub(oldest).Seconds())
	}
	collect(ch, prometheus.GaugeValue, "nidan_mail_waiting", "Mails in the database that wait, of all processes.", float64(n))
	collect(ch, prometheus.GaugeValue, "nidan_mail_oldest_waiting_seconds", "Age of the oldest mail that waits; 0: no mail waits.", age)
}
