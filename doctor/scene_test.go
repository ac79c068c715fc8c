package doctor

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"go.yaml.in/yaml/v3"

	"nidan/config"
	"nidan/hooks"
	"nidan/kratos"
)

const token = "hook-token-hook-token-hook-token-1"

// scene is an installation that is set up right: the Kratos configuration that ships, and Nidan's hooks at its addresses.
type scene struct {
	t      *testing.T
	cfg    config.Config
	dir    string
	theirs map[string]any // kratos.yml
}

func newScene(t *testing.T) *scene {
	t.Helper()
	hook := httptest.NewServer(newHooks(t))
	t.Cleanup(hook.Close)
	s := &scene{t: t, cfg: config.Default(), dir: t.TempDir()}
	s.cfg.Secrets, s.cfg.Hooks.Tokens = []string{strings.Repeat("s", 32)}, []string{token}
	s.cfg.Hooks.Listen = strings.TrimPrefix(hook.URL, "http://")
	raw, err := kratos.Run{
		PublicPort: 4433, AdminPort: 4434, BaseURL: s.cfg.Public.URL, HookURL: hook.URL, HookToken: token, Secret: strings.Repeat("k", 32),
	}.Config()
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, &s.theirs); err != nil {
		t.Fatal(err)
	}
	schema, err := os.ReadFile("../kratos/identity.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	s.write("identity.schema.json", string(schema))
	s.write("after-password.jsonnet", string(kratos.HookBody()))
	return s
}

// newHooks returns Nidan's hooks, with the parts that a call of doctor needs.
func newHooks(t *testing.T) *echo.Echo {
	t.Helper()
	sentences, err := hooks.Sentences()
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	err = (&hooks.Handler{
		Tokens: hooks.NewTokens([]string{token}), Sentences: sentences, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}).Mount(e)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (s *scene) write(name, content string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// set sets the value at a path in kratos.yml ("selfservice/flows/login/after/oidc"); nil removes it.
func (s *scene) set(path string, value any) {
	s.t.Helper()
	steps := strings.Split(path, "/")
	at := s.theirs
	for _, step := range steps[:len(steps)-1] {
		below, is := at[step].(map[string]any)
		if !is {
			below = map[string]any{}
			at[step] = below
		}
		at = below
	}
	if last := steps[len(steps)-1]; value == nil {
		delete(at, last)
	} else {
		at[last] = value
	}
}

// loginHook returns the hook that Kratos calls after a sign-in with a password.
func (s *scene) loginHook() map[string]any {
	s.t.Helper()
	flows := s.theirs["selfservice"].(map[string]any)["flows"].(map[string]any)
	return flows["login"].(map[string]any)["after"].(map[string]any)["password"].(map[string]any)["hooks"].([]any)[0].(map[string]any)["config"].(map[string]any)
}

func (s *scene) read() *KratosConfig {
	s.t.Helper()
	raw, err := yaml.Marshal(s.theirs)
	if err != nil {
		s.t.Fatal(err)
	}
	k, err := ReadKratosConfig([]string{s.write("kratos.yml", string(raw))})
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

// look runs all checks of Kratos' configuration.
func (s *scene) look() []Finding {
	s.t.Helper()
	k := s.read()
	return Run(s.t.Context(), Login(k), Settings(k), Hooks(k, s.cfg.Hooks.Tokens), Origins(k, s.cfg), Traits(k, s.cfg.Identity))
}

// expect fails if the findings that are not ok differ from want ("problem login_hooks.oidc").
func expect(t *testing.T, found []Finding, want ...string) {
	t.Helper()
	var got []string
	for _, f := range found {
		if f.Result != OK {
			got = append(got, fmt.Sprint(f.Result, " ", f.Check))
		}
		if said := f.Found + f.Todo; strings.Contains(said, token) || f.Found == "" || (f.Result != OK) != (f.Todo != "") {
			t.Errorf("%s: says %q, and to do is %q", f.Check, f.Found, f.Todo)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q\n%+v", got, want, found)
	}
}
