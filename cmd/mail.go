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

// mailDetail is the mail's line for those who watch over the program; empty: nothing is wrong. A trouble makes nobody less ready:
// whoever needs no code still gets in. What the server said goes to the log.
func mailDetail(t *mail.Trouble) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("mail: degraded since %s: %s\n", t.Since.UTC().Format(time.RFC3339), t.Reason)
}

// mailTrouble is what administrators are shown of the mail; nil: nothing is wrong.
func mailTrouble(q *mail.Queue) func() *console.MailTrouble {
	return func() *console.MailTrouble {
		t := q.Trouble()
		if t == nil {
			return nil
		}
		return &console.MailTrouble{Since: t.Since, Reason: t.Reason, Error: t.Err.Error()}
	}
}

// mailMetrics are those of the mail, read when they are asked for.
type mailMetrics struct {
	queue *mail.Queue
	store *store.Store
	log   *slog.Logger
}

// Describe implements [prometheus.Collector].
func (mailMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector]. While the database is away, how many mails wait is left out: it is not known.
func (m mailMetrics) Collect(ch chan<- prometheus.Metric) {
	t := m.queue.Trouble()
	for _, reason := range mail.Reasons {
		collect(ch, prometheus.GaugeValue, "nidan_mail_trouble", "1: for this reason, this process cannot have codes delivered.",
			one(t != nil && t.Reason == reason), "reason", reason)
	}
	for end, n := range m.queue.Ended() {
		collect(ch, prometheus.CounterValue, "nidan_mail_ended_total",
			"Mails by how they ended: sent, refused by the server for good, given_up because their code expired, or dropped because nobody waited.",
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
	collect(ch, prometheus.GaugeValue, "nidan_mail_waiting", "Mails in the database that are to be sent, by whichever process.", float64(n))
	collect(ch, prometheus.GaugeValue, "nidan_mail_oldest_waiting_seconds", "How long the oldest of them waits; 0: none does.", age)
}
