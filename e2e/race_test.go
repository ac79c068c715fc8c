//go:build race

package e2e

import (
	"debug/buildinfo"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// Without the race detector in Nidan, these tests would find no race and pass.
func TestNidanHasTheRaceDetectorWhereTheTestsHaveIt(t *testing.T) {
	info, err := buildinfo.ReadFile(program)
	if err != nil || !slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Errorf("Nidan is built without it: %v, %v", info, err)
	}
}

func TestADataRaceInALogIsFound(t *testing.T) {
	const log = "time=… msg=\"nidan is up\"\n==================\nWARNING: DATA RACE\nWrite at 0x00c0000a8018 by goroutine 7:\n"
	if got := raceIn(log); !strings.HasPrefix(got, "WARNING: DATA RACE\nWrite at") {
		t.Errorf("found is %q", got)
	}
	if got := raceIn(strings.ReplaceAll(log, "DATA RACE", "…")); got != "" {
		t.Errorf("found is %q in a log without one", got)
	}
}
