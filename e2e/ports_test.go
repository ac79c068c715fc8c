package e2e

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
)

// Ports that tests give out are below those that systems give to connections of their own: one of these could be taken before the
// program that it is for listens on it.
const (
	firstPort  = 20_000
	portsOfRun = 1_500
	runsAtOnce = 8
)

// portRange is the ports of one run of the tests. Several runs on one machine have a range each: a port that is given out here is not
// given out by another run before the program that it is for listens on it, or while that program starts again.
type portRange struct {
	taken net.Listener // on the range's first port: it says to other runs that the range has an owner
	first int
	given atomic.Int32
}

var ports = takePorts()

func takePorts() *portRange {
	for i := range runsAtOnce {
		first := firstPort + i*portsOfRun
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first)); err == nil {
			return &portRange{taken: l, first: first}
		}
	}
	panic(fmt.Sprintf("%d runs of these tests use this machine already", runsAtOnce))
}

// Where browsers find the pages: Kratos is configured for it. Its port is given to nothing else.
var (
	pagesPort    = ports.first + 1
	pagesAddress = fmt.Sprintf("127.0.0.1:%d", pagesPort)
	origin       = "http://" + pagesAddress
	// originWithAName is for passkeys and security keys, which an address in numbers cannot have (Web Authentication, §5.1.2, the
	// effective domain).
	originWithAName = fmt.Sprintf("http://localhost:%d", pagesPort)
)

// freePort is a port that nobody listens on. After the last one of the range come the first ones again.
func freePort() int {
	for {
		port := pagesPort + 1 + int(ports.given.Add(1)-1)%(portsOfRun-2)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
}

func freeAddress() string { return fmt.Sprintf("127.0.0.1:%d", freePort()) }

func TestRunsAtTheSameTimeHaveOtherPorts(t *testing.T) {
	other := takePorts()
	defer other.taken.Close()
	if other.first < ports.first+portsOfRun && ports.first < other.first+portsOfRun {
		t.Errorf("one run has the ports from %d, the other one those from %d", ports.first, other.first)
	}
	if last := firstPort + runsAtOnce*portsOfRun - 1; last >= 32_768 {
		t.Errorf("the last port is %d, which Linux gives to connections of its own", last)
	}
}

func TestThePortsOfARunComeAgainAndThatOfThePagesDoesNot(t *testing.T) {
	for range 2 * portsOfRun {
		if port := freePort(); port <= pagesPort || port >= ports.first+portsOfRun {
			t.Fatalf("of the ports from %d, %d is given out; that of the pages is %d", ports.first, port, pagesPort)
		}
	}
}
