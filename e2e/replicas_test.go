package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"nidan/store/postgrestest"
)

// replicas is how many Nidans share the work in these tests, on one PostgreSQL. Each request goes to the next Nidan (make test-replicas
// REPLICAS=3). 0: one Nidan, on SQLite.
var replicas = sync.OnceValue(func() int { return numberOf("REPLICAS", 0) })

// numberOf returns a number from the environment, or else the usual number.
func numberOf(name string, usual int) int {
	said := os.Getenv(name)
	if said == "" {
		return usual
	}
	n, err := strconv.Atoi(said)
	if err != nil || n < 1 {
		panic(name + " is not a number: " + said)
	}
	return n
}

// thePostgres is one server for all tests. Each test has a database of its own.
var (
	thePostgres = sync.OnceValue(func() *postgrestest.Server { return postgrestest.Start(&wholeRun) })
	databases   atomic.Int64
)

// wholeRun lasts as long as all tests.
var wholeRun lasting

type lasting struct{ ends []func() }

func (*lasting) Helper()                   {}
func (*lasting) Fatal(args ...any)         { panic(fmt.Sprint(args...)) }
func (*lasting) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (l *lasting) Cleanup(end func())      { l.ends = append(l.ends, end) }

func (l *lasting) end() {
	for i := len(l.ends) - 1; i >= 0; i-- {
		l.ends[i]()
	}
}

// shared is a database, and how many Nidans share it. If the number is 0: one Nidan, on SQLite.
type shared struct {
	replicas int
	database string // URL
}

// usual returns the database for tests that do not choose one.
func usual() shared { return sharedBy(replicas()) }

// sharedBy returns a new database for this number of Nidans.
func sharedBy(replicas int) shared {
	if replicas == 0 {
		return shared{}
	}
	return shared{replicas, thePostgres().New(fmt.Sprint("nidan_", databases.Add(1)))}
}

// spread starts a proxy in front of several servers. It passes each request on to the next server. It connects from the client's own address,
// so that the servers see this address.
func spread(t *testing.T, address string, to []string) {
	t.Helper()
	var next atomic.Int64
	transports := sync.Map{} // of *http.Transport by the client's address
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", to[int(next.Add(1))%len(to)], r.In.Host
			for _, said := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if values, ok := r.In.Header[said]; ok {
					r.Out.Header[said] = values
				}
			}
		},
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			client, _, _ := net.SplitHostPort(r.RemoteAddr)
			from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}}
			transport, _ := transports.LoadOrStore(client, &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return from.DialContext(ctx, network, address)
			}})
			return transport.(*http.Transport).RoundTrip(r)
		}),
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as if there were no server
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: proxy}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
