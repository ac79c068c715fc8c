package live

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"nidan/policies"
)

// attempts returns how many tries a code has, for a sign-in that needs a code.
func (p *Policies) attempts(t *testing.T) int {
	t.Helper()
	in := policies.Input{
		Settings: policies.Settings{TwoFactor: true, AdminConsole: true, Softphone: true, Channels: map[string]bool{"admin_console": true, "softphone": true}},
		Account:  policies.Account{State: "active", TwoFactor: true, HasEmail: true},
		Request:  policies.Request{FlowType: "browser", Method: "password"},
	}
	v, err := p.Login(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return v.Decision.Code.MaxAttempts
}

// over puts a folder's layer over a small set instead of the shipped one, whose tests take long.
func over(f *Folder) *Folder {
	f.load = func(layer fs.FS) (*policies.Set, error) { return policies.Over(below(), layer) }
	return f
}

// below is a set that asks a code of every account with an address.
func below() fstest.MapFS {
	set := lets("unused")
	set["login/login.rego"] = &fstest.MapFile{Data: []byte(`# METADATA
# schemas:
#   - input: schema.input
package nidan.login

default decision := {"action": "refuse", "reason": "r", "channel": "c"}

decision := {"action": "challenge", "reason": "r", "channel": "c", "code": data.parameters.code} if input.account.has_email == true
`)}
	delete(set, "login/login_test.rego")
	delete(set, "login/factors_test.rego")
	set["data.json"] = &fstest.MapFile{Data: []byte(`{"parameters": {"code": {"length": 6, "ttl_seconds": 60, "max_attempts": 10, "resend_after_seconds": 30}}}`)}
	return set
}

func say(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil { // as editors do
		t.Fatal(err)
	}
}

func TestALayerIsWatched(t *testing.T) {
	for name, of := range map[string]func(dir string) (layer, file string){
		"a folder":         func(dir string) (string, string) { return dir, filepath.Join(dir, "data.yaml") },
		"a file of a name": func(dir string) (string, string) { return filepath.Join(dir, "p.yaml"), filepath.Join(dir, "p.yaml") },
	} {
		t.Run(name, func(t *testing.T) {
			layer, file := of(t.TempDir())
			say(t, file, "parameters:\n  code:\n    max_attempts: 4\n")
			p, _ := newPolicies()
			f := over(p.Layer(layer))
			f.every = time.Hour
			if err := f.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := p.attempts(t); got != 4 || p.Status().Active.Source.String() != "the policies that ship, with the layer "+layer {
				t.Fatalf("%d tries, from %s", got, p.Status().Active.Source)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- f.Watch(ctx) }()
			defer func() {
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}()
			say(t, file, "parameters:\n  code:\n    max_attempts: 5\n")
			until(t, "the change", func() bool { return p.attempts(t) == 5 })
			say(t, file, "parameters:\n  code:\n    max_attempts: 0\n")
			until(t, "the refusal", func() bool { return p.Status().Refused != nil && p.Status().Refused.Current })
			if why := p.Status().Refused.Reason; !strings.Contains(why, "data.parameters.code.max_attempts must be at least 1, and is 0") || p.attempts(t) != 5 {
				t.Errorf("got %s, and %d tries", why, p.attempts(t))
			}
		})
	}
}

// After an update of the program, a layer may name a parameter that no longer ships. Then the set decides that decided before.
func TestALayerThatIsRefusedAtTheStartLeavesWhatDecidedBefore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.yaml")
	say(t, file, "parameters:\n  code:\n    max_attempts: 4\n")
	before, err := policies.Over(below(), fstest.MapFS{"data.yaml": {Data: []byte("parameters:\n  code:\n    max_attempts: 4\n")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"it names what ships no more": "parameters:\n  of_yesterday: 1\n", "it is gone": ""} {
		t.Run(name, func(t *testing.T) {
			say(t, file, text)
			if text == "" {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
			p, _ := newPolicies()
			asked := ""
			err := over(p.Layer(file)).Start(t.Context(), func(source string) ([]policies.File, error) { asked = source; return before.Files(), nil })
			if err != nil || p.attempts(t) != 4 {
				t.Fatalf("got %v", err)
			}
			if s := p.Status(); s.Active.Source.String() != asked+", as kept" || s.Refused == nil || !s.Refused.Current ||
				text != "" && !strings.Contains(s.Refused.Reason, "data.parameters.of_yesterday is not in the policies that ship") {
				t.Errorf("from %s, refused: %+v", s.Active.Source, s.Refused)
			}
		})
	}
}

func TestALayerMayBeTriedInTheShadow(t *testing.T) {
	dir := t.TempDir()
	say(t, filepath.Join(dir, "data.yaml"), "parameters:\n  code:\n    max_attempts: 4\n")
	p, _ := newPolicies()
	want, err := policies.ReadLayer(dir)
	if err != nil {
		t.Fatal(err)
	}
	tried := p.Try(dir)
	if got, err := tried.load(tried.files); err != nil || got.Revision() != want.Revision() {
		t.Errorf("got %v", err)
	}
	// A folder that decides must hold a whole set: a folder that lost its rules must not count as the shipped set.
	if err := p.Folder(dir).Look(t.Context()); err == nil || !strings.Contains(err.Error(), "no .rego file") {
		t.Errorf("got %v", err)
	}
}
