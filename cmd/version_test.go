package cmd

import (
	"runtime/debug"
	"testing"
)

func TestTheVersion(t *testing.T) {
	info := &debug.BuildInfo{
		GoVersion: "go1.26.8", Main: debug.Module{Path: "nidan", Version: "v1.2.3"},
		Deps:     []*debug.Module{{Path: "github.com/spf13/cobra", Version: "v1.0.0"}, {Path: "github.com/open-policy-agent/opa", Version: "v1.22.2"}},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "07a9a52"}, {Key: "vcs.modified", Value: "true"}},
	}
	if got := versionOf(info); got != "nidan     v1.2.3\nrevision  07a9a52, with changes\ngo        1.26.8\nopa       1.22.2\n" {
		t.Errorf("got\n%s", got)
	}
	if got := versionOf(&debug.BuildInfo{GoVersion: "go1.26.8"}); got != "nidan     unknown\nrevision  unknown\ngo        1.26.8\nopa       unknown\n" {
		t.Errorf("without any of it, got\n%s", got)
	}
	for _, line := range []string{"version", "--version"} {
		if out, err := run(t, line); err != nil || out != version() {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}
