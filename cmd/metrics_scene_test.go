package cmd

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"nidan/config"
	"nidan/policies"
)

// exposed returns the metrics of the whole program, as Prometheus reads them, after some sign-ins with a shadow and a decision log. It
// reads them once for all tests.
func exposed(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	scraping.Do(func() { scraped = scrape(t) })
	if scraped == nil {
		t.Fatal("the metrics could not be read")
	}
	return scraped
}

var (
	scraping sync.Once
	scraped  map[string]*dto.MetricFamily
)

// withoutTests copies the policies that ship without their tests, so that the shadow's gate is fast.
func withoutTests(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, policies.Shipped()); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.rego") {
			err = os.Remove(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func scrape(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	cfg := config.Default()
	cfg.Database = "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	cfg.Secrets, cfg.Hooks.Tokens = []string{strings.Repeat("s", 32)}, []string{strings.Repeat("t", 32)}
	cfg.Mail.SMTP.TLS, cfg.Mail.SMTP.Port = "none", closedPort(t)
	cfg.DecisionLog.URL = fmt.Sprint("http://127.0.0.1:", closedPort(t))
	cfg.Policies.ShadowDir = withoutTests(t)
	n, err := newNidan(t.Context(), cfg, "", newLog(config.Log{Level: "error", Format: "text"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.close)
	for _, keep := range n.keep { // these tasks read the shadow's folder
		go func() { _ = keep(t.Context()) }()
	}
	n.says(t, "/metrics", "nidan_shadow_policies_activations_total 1\n")
	n.signIn(t, cfg.Hooks.Tokens[0], false, http.StatusNoContent)
	n.signIn(t, cfg.Hooks.Tokens[0], true, http.StatusBadRequest)
	families, err := ptr(expfmt.NewTextParser(model.LegacyValidation)).TextToMetricFamilies(strings.NewReader(n.get(t, "/metrics")))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func ptr[T any](v T) *T { return &v }

// signIn calls the hook as Kratos does. Asked says whether two-step verification is on for the account.
func (n *nidan) signIn(t *testing.T, token string, asked bool, want int) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"flow": map[string]any{"id": fmt.Sprint("flow-", asked), "type": "browser"},
		"identity": map[string]any{
			"id": "agent-id", "state": "active", "traits": map[string]any{"account": "agent", "email": "agent@example.com"},
			"metadata_public": map[string]any{"role": "user", "two_factor": map[string]any{"enabled": asked}},
		},
		"session": map[string]any{"authenticated_at": now().Format(time.RFC3339Nano)},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/hooks/login", strings.NewReader(string(body)))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	n.hooks.ServeHTTP(w, r)
	if w.Code != want {
		t.Fatalf("got %d %s, want %d", w.Code, w.Body, want)
	}
}

// ours returns the metric families with names of Nidan.
func ours(families map[string]*dto.MetricFamily) map[string]*dto.MetricFamily {
	own := maps.Clone(families)
	maps.DeleteFunc(own, func(name string, _ *dto.MetricFamily) bool { return !strings.HasPrefix(name, "nidan_") })
	return own
}

// labelsOf returns the labels of a family, each with its values.
func labelsOf(f *dto.MetricFamily) map[string]map[string]bool {
	labels := map[string]map[string]bool{}
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if labels[l.GetName()] == nil {
				labels[l.GetName()] = map[string]bool{}
			}
			labels[l.GetName()][l.GetValue()] = true
		}
	}
	return labels
}
