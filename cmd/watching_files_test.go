package cmd

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"go.yaml.in/yaml/v3"
)

// question is a Prometheus query, and the place in a file where it stands.
type question struct{ where, expr string }

// alerts returns the queries of the alert rules.
func alerts(t *testing.T) (all []question) {
	t.Helper()
	raw, err := os.ReadFile("../deploy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if names[r.Alert] || !strings.HasPrefix(r.Alert, "Nidan") || r.Annotations["summary"] == "" || r.Annotations["description"] == "" ||
				!slices.Contains([]string{"page", "ticket"}, r.Labels["severity"]) {
				t.Errorf("%s has no name of its own, no summary, no description or no severity", r.Alert)
			}
			names[r.Alert] = true
			all = append(all, question{"the alert " + r.Alert, r.Expr})
		}
	}
	return all
}

// panels returns the queries of the dashboard.
func panels(t *testing.T) (all []question) {
	t.Helper()
	raw, err := os.ReadFile("../deploy/grafana/nidan.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		UID         string
		Annotations struct{ List []struct{ Name, Expr string } }
		Panels      []struct {
			ID          int
			Type, Title string
			GridPos     struct{ X, Y, W, H int }
			Targets     []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
	}
	if err := json.Unmarshal(raw, &board); err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 || p.GridPos.H == 0 || (p.Type != "row") != (len(p.Targets) > 0) {
			t.Errorf("the panel %q has no number of its own, no place or asks nothing", p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			all = append(all, question{"the panel " + p.Title, target.Expr})
		}
	}
	for _, a := range board.Annotations.List {
		all = append(all, question{"the annotation " + a.Name, a.Expr})
	}
	return all
}

var (
	metricName = regexp.MustCompile(`\b(nidan|process|go)_[a-z0-9_]+`)
	selector   = regexp.MustCompile(`\b((?:nidan|process|go)_[a-z0-9_]+)\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	grouping   = regexp.MustCompile(`\b(?:by|on|without)\s*\(([^)]*)\)`)
)

// byPrometheus are the labels that Prometheus itself adds.
var byPrometheus = []string{"instance", "job", "le"}

// family returns the metric family of a name in a query, or nil.
func family(families map[string]*dto.MetricFamily, name string) *dto.MetricFamily {
	if f := families[name]; f != nil && f.GetType() != dto.MetricType_HISTOGRAM {
		return f
	}
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		of, cut := strings.CutSuffix(name, suffix)
		if f := families[of]; cut && f != nil && f.GetType() == dto.MetricType_HISTOGRAM {
			return f
		}
	}
	return nil
}

// wrong returns what is wrong with a query: metrics, labels or values that the program does not expose.
func (a question) wrong(families map[string]*dto.MetricFamily) (all []string) {
	if strings.Count(a.expr, "(") != strings.Count(a.expr, ")") || strings.Count(a.expr, "{") != strings.Count(a.expr, "}") {
		all = append(all, "its brackets do not match")
	}
	labels, asks := map[string]bool{}, false
	for _, name := range metricName.FindAllString(a.expr, -1) {
		f := family(families, name)
		if f == nil {
			all = append(all, "there is no metric "+name)
			continue
		}
		asks = true
		for label := range labelsOf(f) {
			labels[label] = true
		}
	}
	if !asks {
		all = append(all, "it asks for no metric")
	}
	for _, s := range selector.FindAllStringSubmatch(a.expr, -1) {
		if f := family(families, s[1]); f != nil {
			all = append(all, wrongMatchers(f, s[2])...)
		}
	}
	for _, g := range grouping.FindAllStringSubmatch(a.expr, -1) {
		for label := range strings.SplitSeq(g[1], ",") {
			if label = strings.TrimSpace(label); !labels[label] && !slices.Contains(byPrometheus, label) {
				all = append(all, "there is no label "+label)
			}
		}
	}
	return all
}

// wrongMatchers returns what is wrong with the matchers of a selector. Each value in a matcher must exist. A regular expression is read as
// values with | between them.
func wrongMatchers(f *dto.MetricFamily, matchers string) (all []string) {
	values := labelsOf(f)
	for _, m := range matcher.FindAllStringSubmatch(matchers, -1) {
		label, wanted := m[1], m[3]
		if slices.Contains(byPrometheus, label) {
			continue
		}
		if values[label] == nil {
			all = append(all, f.GetName()+" has no label "+label)
			continue
		}
		for value := range strings.SplitSeq(wanted, "|") {
			if !values[label][value] && !free(label) {
				all = append(all, f.GetName()+" has no "+label+" "+value)
			}
		}
	}
	return all
}

// free reports whether the values of a label come from the policies, or appear only after an error.
func free(label string) bool { return label == "reason" || label == "channel" }

func TestTheDashboardAndTheAlertsAskForWhatThereIs(t *testing.T) {
	families := exposed(t)
	questions := append(alerts(t), panels(t)...)
	if len(questions) < 30 {
		t.Errorf("%d questions were read, so little was tried", len(questions))
	}
	for _, a := range questions {
		for _, wrong := range a.wrong(families) {
			t.Errorf("%s: %s: %s", a.where, wrong, a.expr)
		}
	}
}

// This test shows that the tests above can fail.
func TestAQuestionForWhatThereIsNotIsFound(t *testing.T) {
	families := exposed(t)
	for expr, want := range map[string]string{
		`sum(nidan_sign_in_total)`: "no metric", `sum(nidan_hook_duration_seconds)`: "no metric", `sum(nidan_mail_waiting`: "brackets",
		`nidan_mail_ended_total{how="sent"}`: "no label", `nidan_mail_ended_total{end=~"sent|lost"}`: "no end lost",
		`sum by (state) (nidan_sign_ins_total)`: "no label", `nidan_mail_waiting_count`: "no metric", `up == 0`: "asks for no metric",
	} {
		if wrong := (question{expr: expr}).wrong(families); !strings.Contains(strings.Join(wrong, "; "), want) {
			t.Errorf("%s: found %q, want %s", expr, wrong, want)
		}
	}
}

// The documentation says what to do at each alert.
func TestWhatToDoAtEachAlertIsWrittenDown(t *testing.T) {
	page, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range alerts(t) {
		if name := strings.TrimPrefix(a.where, "the alert "); !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/operating.md does not say what to do at %s", name)
		}
	}
}
