package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// calls returns the requests to make, each one once: whole HTTP/1.1 requests, as they go over the wire. After the last one, it returns nil.
type calls func() []byte

// figures are the results of one load.
type figures struct {
	n        int
	perSec   float64
	p50, p99 time.Duration
}

// load lets callers make calls one after the other for a time, each caller on a connection of its own. An answer with another status than
// want ends the load: calls that fail must not count as fast calls.
//
// The requests are written directly, and not by net/http's client: on one core, the client would be slower than some of the servers.
func load(address string, callers int, lasting time.Duration, next calls, want int) (figures, error) {
	var (
		all  sync.WaitGroup
		stop atomic.Bool
		took = make([][]time.Duration, callers)
		errs = make([]error, callers)
	)
	start := time.Now()
	end := start.Add(lasting)
	for i := range callers {
		all.Go(func() {
			took[i], errs[i] = caller(address, end, &stop, next, want)
			if errs[i] != nil {
				stop.Store(true)
			}
		})
	}
	all.Wait()
	elapsed := time.Since(start)
	if err := errors.Join(errs...); err != nil {
		return figures{}, err
	}
	f := of(slices.Concat(took...))
	f.perSec = float64(f.n) / elapsed.Seconds()
	if f.n == 0 {
		return f, errors.New("not one call was answered")
	}
	return f, nil
}

func caller(address string, end time.Time, stop *atomic.Bool, next calls, want int) (took []time.Duration, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for time.Now().Before(end) && !stop.Load() {
		request := next()
		if request == nil {
			return took, nil
		}
		asked := time.Now()
		conn.SetDeadline(asked.Add(time.Minute))
		if _, err := conn.Write(request); err != nil {
			return nil, err
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(asked))
		if answer.StatusCode != want {
			return nil, fmt.Errorf("answered %s, not %d: %.300s", answer.Status, want, body)
		}
	}
	return took, nil
}

// of returns the number of calls, and the median and the 99th percentile of their times.
func of(took []time.Duration) figures {
	if len(took) == 0 {
		return figures{}
	}
	slices.Sort(took)
	return figures{n: len(took), p50: took[len(took)/2], p99: took[len(took)*99/100]}
}
