package doctor

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nidan/config"
)

// Operators look up the name of a check, at the beginning of each line of the output, in the documentation.
func TestEachCheckIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n| checks | what is looked at |\n")
	section, _, _ = strings.Cut(section, "\n\n")
	var documented []string
	for line := range strings.Lines(section) {
		for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(strings.Split(line, " | ")[0], -1) {
			documented = append(documented, name[1])
		}
	}
	s := newScene(t)
	says := func(context.Context) (string, error) { return "", nil }
	clock := func(context.Context) (time.Time, error) { return time.Now(), nil }
	found := append(s.look(), Run(t.Context(),
		Configuration(s.cfg, nil), Database(func(context.Context) (int64, bool, error) { return 1, true, nil }), Records(time.Now, clock), Policies(says),
		Kratos(config.Kratos{PublicURL: "http://127.0.0.1:1", AdminURL: "http://127.0.0.1:1"}), Mail(s.cfg.Mail.SMTP, says), SendMail(nil),
		Clocks(time.Now, Clock{"nidan", clock}, Clock{"database", clock}, Clock{"kratos", clock}))...)
	var checked []string
	for _, f := range found {
		checked = append(checked, f.Check)
	}
	slices.Sort(documented)
	slices.Sort(checked)
	if !slices.Equal(slices.Compact(documented), slices.Compact(checked)) {
		t.Errorf("documented are %q, and checked are %q", documented, checked)
	}
}
