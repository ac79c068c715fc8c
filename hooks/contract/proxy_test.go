package contract

import (
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between a replica and its database. While faulty is set, it cuts connections at random, also within a message and between a
// query and its answer, and delays some messages.
type proxy struct {
	listener net.Listener
	database string // host and port
	faulty   atomic.Bool
	cuts     atomic.Int64
}

// One message in so many is cut, or delayed.
const (
	cutOne  = 600
	holdOne = 40
	holdFor = 2 * time.Millisecond // at most
)

// newProxy returns a proxy to a database, and the database's URL through the proxy.
func newProxy(t testing.TB, database string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &proxy{listener: l, database: u.Host}
	go p.run()
	u.Host = l.Addr().String()
	return p, u.String()
}

func (p *proxy) run() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.database)
		if err != nil {
			client.Close()
			continue
		}
		go p.pass(client, server)
		go p.pass(server, client)
	}
}

// pass copies data from one side to the other until one of the connections ends.
func (p *proxy) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	message := make([]byte, 16<<10)
	for {
		n, err := from.Read(message)
		if err != nil {
			return
		}
		cut := p.faulty.Load() && rand.N(cutOne) == 0
		if cut {
			p.cuts.Add(1)
			n = rand.N(n + 1)
		} else if p.faulty.Load() && rand.N(holdOne) == 0 {
			time.Sleep(rand.N(holdFor))
		}
		if _, err := io.Writer(to).Write(message[:n]); err != nil || cut {
			return
		}
	}
}
