package cmd

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

const metricsReference = "../docs/reference/metrics.md"

const metricsIntroduction = `# Metrics

The metrics that ` + "`/metrics`" + ` on the hooks' listener gives, in the format of Prometheus; [operating.md](../operating.md#watching-it) says what to look
at. Those of the Go runtime and of the process (` + "`go_…`, `process_…`" + `) are there, too. This page is made from the metrics themselves, by
` + "`go generate ./cmd`" + `.

The labels ` + "`reason` and `channel`" + ` of sign-ins are what the policies say. Only words that stand in the policies themselves become a value,
50 reasons and 20 channels at most; any other one counts as ` + "`other`" + `.

| metric | type | labels | what it tells |
| --- | --- | --- | --- |
`

// reference returns the page about the metrics.
func reference(families map[string]*dto.MetricFamily) string {
	var page strings.Builder
	page.WriteString(metricsIntroduction)
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		var labels []string
		for _, l := range slices.Sorted(maps.Keys(labelsOf(f))) {
			labels = append(labels, "`"+l+"`")
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", name, strings.ToLower(f.GetType().String()), cmp.Or(strings.Join(labels, ", "), "–"), f.GetHelp())
	}
	return page.String()
}

func TestTheReferenceOfMetricsIsMadeFromTheMetrics(t *testing.T) {
	families := ours(exposed(t))
	if len(families) < 25 {
		t.Errorf("there are %d metrics, so little was read", len(families))
	}
	page := reference(families)
	if *update {
		if err := os.WriteFile(metricsReference, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(metricsReference)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != page {
		t.Errorf("%s is not as the metrics are: run go generate ./cmd\n%s", metricsReference, page)
	}
}

func TestEachMetricIsExplained(t *testing.T) {
	for name, f := range ours(exposed(t)) {
		if len(strings.Fields(f.GetHelp())) < 2 {
			t.Errorf("%s is not explained: %q", name, f.GetHelp())
		}
	}
}
