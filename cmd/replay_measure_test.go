//go:build measure

package cmd

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"nidan/policies"
)

// TestReplayingAMillion is a measurement (make measure-replay). It records ten thousand sign-ins with different name, role, device and
// version, each a hundred times.
func TestReplayingAMillion(t *testing.T) {
	roles := []string{"owner", "system_administrator", "supervisor", "user", "user", "user"}
	channels := []string{"softphone", "softphone", "softphone", "admin_console"}
	some := make([]policies.Input, 10_000)
	for i := range some {
		some[i] = signIn(fmt.Sprintf("agent-%d", i%5000), func(in *policies.Input) {
			in.Account.Role, in.Account.TwoFactor = roles[i%len(roles)], i%5 > 0
			in.Request.IP, in.Request.Client.Version = fmt.Sprintf("192.0.2.%d", i%250), fmt.Sprintf("3.%d.0", 4+i%9)
			in.Request.UserAgent = "Softphone/" + in.Request.Client.Version
			in.Device = policies.Device{Known: i%3 == 0, Channel: channels[i%7%4], AgeDays: i % 40, AgeCalendarDays: i % 41}
		})
	}
	dir := t.TempDir()
	keptIn(t, "sqlite:"+filepath.Join(dir, "nidan.db"), some, 100)
	for _, tc := range []struct{ name, dir string }{{"what ships", copied(t, "data.json", "", "")}, {"a loosened copy", loosened(t)}} {
		start := time.Now()
		out, err := run(t, "policy", "replay", tc.dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %v\n%s", tc.name, time.Since(start).Round(10*time.Millisecond), out)
	}
}
