package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"nidan/mail/catcher"
)

// mailRates are the numbers of codes that are asked for in a second.
var mailRates = []int{1, 20, 100}

// mail measures the time from the hook's answer until the next mail server has the mail.
func (b *bench) mail(ctx context.Context) error {
	b.results.add("## Mail\n\nFrom the hook's answer to the mail in the hands of an SMTP server on the same machine, which shares the core of what asks.\n\n")
	b.results.add("| codes a second | mails | p50 | p99 |\n|---|---|---|---|\n")
	for _, rate := range mailRates {
		took, asked, err := b.mailed(ctx, rate)
		if err != nil {
			return fmt.Errorf("%d a second: %w", rate, err)
		}
		f := of(took)
		b.results.add("| %d | %d of %d | %.0f ms | %.0f ms |\n", rate, len(took), asked, ms(f.p50), ms(f.p99))
		if rate == 100 {
			b.results.reached(goalMail, "%.0f ms", ms(f.p99))
		}
	}
	b.results.add("\n")
	return nil
}

// mailed asks for codes at an even rate, and returns for each mail the time since its answer.
func (b *bench) mailed(ctx context.Context, rate int) (took []time.Duration, asked int, err error) {
	dir, err := b.folder()
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(dir)
	mailbox, smtp, err := mailServer()
	if err != nil {
		return nil, 0, err
	}
	defer mailbox.Close()
	on, err := b.nidan(ctx, dir, smtp, nil)
	if err != nil {
		return nil, 0, err
	}
	defer on.stop()

	n := min(900, max(20, rate*9)) // the mail server keeps only a thousand mails
	asking := hookTemplate(true, object{})
	answered := make(map[string]time.Time) // by the receiver of the mail
	var mu sync.Mutex
	var all sync.WaitGroup
	failed := make(chan error, n)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for range n {
		<-tick.C
		o := signIn(0)
		all.Go(func() {
			if _, err := caller1(on.address, asking.fill(o), http.StatusBadRequest); err != nil {
				failed <- err
				return
			}
			mu.Lock()
			defer mu.Unlock()
			answered[o.name+"@example.com"] = time.Now()
		})
	}
	all.Wait()
	if len(failed) > 0 {
		return nil, n, <-failed
	}
	for end := time.Now().Add(30 * time.Second); len(mailbox.Messages()) < n && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
	}
	for _, m := range mailbox.Messages() {
		if at, ok := answered[m.To]; ok {
			took = append(took, max(0, m.ReceivedAt.Sub(at)))
			delete(answered, m.To)
		}
	}
	if left := slices.Collect(maps.Keys(answered)); len(left) > 0 {
		return took, n, fmt.Errorf("%d mails did not come", len(left))
	}
	return took, n, nil
}

// mailServer starts a mail server, and returns its address.
func mailServer() (*catcher.Catcher, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	mailbox := catcher.New()
	go mailbox.Serve(l)
	return mailbox, l.Addr().String(), nil
}

// caller1 makes one call.
func caller1(address string, request []byte, want int) (figures, error) {
	return load(address, 1, time.Minute, these(request), want)
}

func these(requests ...[]byte) calls {
	return func() []byte {
		if len(requests) == 0 {
			return nil
		}
		next := requests[0]
		requests = requests[1:]
		return next
	}
}
