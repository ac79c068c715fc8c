package decisionlog

import "context"

// batch is one upload: the first n pending decisions, compressed.
type batch struct {
	n    int
	body []byte
}

// sendAll sends all decisions that wait, and says whether it could send all of them.
func (l *Log) sendAll(ctx context.Context) bool {
	for {
		l.take()
		b := l.next()
		if b == nil {
			if len(l.waiting) == 0 {
				return true
			}
			continue // all decisions that were taken were too large
		}
		if !l.send(ctx, b) {
			return false
		}
		l.forget(b.n)
	}
}

// take encodes decisions that wait, until batchBytes are pending.
func (l *Log) take() {
	size := 0
	for _, raw := range l.pending {
		size += len(raw)
	}
	for size < batchBytes {
		select {
		case e := <-l.waiting:
			raw, err := e.encode(l.config.Labels)
			if err != nil {
				l.drop("a decision cannot be encoded for the decision log", len(raw), err)
				continue
			}
			l.pending = append(l.pending, raw)
			l.taken.Add(1)
			size += len(raw)
		default:
			return
		}
	}
}

// next returns a batch of pending decisions, or nil if none are pending. The compressed size is not known before: if it is too large, next
// tries again with half as many decisions.
func (l *Log) next() *batch {
	for n := len(l.pending); n > 0; {
		body, err := compressed(l.pending[:n])
		switch {
		case err == nil && len(body) <= uploadBytes:
			return &batch{n, body}
		case err == nil && n > 1:
			n /= 2
		default:
			l.drop("a decision is too large for the decision log", len(l.pending[0]), err)
			l.forget(1)
			n = len(l.pending)
		}
	}
	return nil
}

func (l *Log) forget(n int) {
	l.pending = l.pending[n:]
	l.taken.Add(int64(-n))
}

func (l *Log) drop(why string, size int, err error) {
	l.dropped.Add(1)
	l.log.Warn(why, "bytes", size, "err", err)
}

// dropRest drops and counts the decisions that are left when the program ends.
func (l *Log) dropRest() {
	rest := len(l.pending)
	l.forget(rest)
	for {
		select {
		case <-l.waiting:
			rest++
			continue
		default:
		}
		break
	}
	if rest > 0 {
		l.dropped.Add(int64(rest))
		l.log.Error("decisions were dropped from the decision log: the program ends", "decisions", rest)
	}
}
