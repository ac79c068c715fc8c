package e2e

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
)

// The ports of the tests are below the ports that systems give to outgoing connections: such a port could be taken before the program
// listens on it.
const (
	firstPort  = 20_000
	portsOfRun = 1_500
	runsAtOnce = 8
)

// portRange is the range of ports of one run of the tests. Each run on a machine has a range of its own. So no other run takes a port
// before the program listens on it, or while the program restarts.
type portRange struct {
	taken net.Listener // listens on the first port, so that other runs see that the range is taken
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

// The address of the pages, which Kratos' configuration contains. freePort never returns its port.
var (
	pagesPort    = ports.first + 1
	pagesAddress = fmt.Sprintf("127.0.0.1:%d", pagesPort)
	origin       = "http://" + pagesAddress
	// originWithAName is the origin for passkeys and security keys. They need a host name: an address in numbers has no effective domain
	// (Web Authentication, §5.1.2).
	originWithAName = fmt.Sprintf("http://localhost:%d", pagesPort)
)

// freePort returns a port on which nobody listens. After the last port of the range, it begins again with the first.
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
