package live

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"nidan/policies"
)

func write(t *testing.T, dir string, set fstest.MapFS) {
	t.Helper()
	for name, file := range set {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// until waits for a condition. The test fails only if the condition is still false after 30 seconds.
func until(t *testing.T, what string, come func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !come(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not come: %s", what)
		}
	}
}

func (p *Policies) gives(reason string) func() bool {
	return func() bool {
		v, err := p.Login(context.Background(), policies.Input{})
		return err == nil && v.Reason == reason
	}
}

// watched watches a folder until the test ends.
func watched(t *testing.T, dir string, every time.Duration) (*Policies, *lines) {
	t.Helper()
	p, log := newPolicies()
	f := p.Folder(dir)
	f.every = every
	if err := f.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Watch(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return p, log
}

func TestAFolderThatChanges(t *testing.T) {
	for name, every := range map[string]time.Duration{
		"is noticed as it happens":                     time.Hour,
		"is noticed by its contents, without a notice": 20 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, lets("first"))
			p, _ := watched(t, dir, every)
			if !p.gives("first")() {
				t.Fatal("the folder's policies do not decide")
			}
			write(t, dir, lets("second"))
			until(t, "the change", p.gives("second"))
			// A folder that was created later is watched, too.
			write(t, dir, fstest.MapFS{"new/more.rego": {Data: []byte("package more\n\nx := 1\n")}})
			until(t, "the new folder", func() bool { return len(p.Status().Active.Files()) == 6 })
			write(t, dir, fstest.MapFS{"new/more.rego": {Data: []byte("package more\n\nx := 22\n")}})
			until(t, "the change in the new folder", func() bool {
				for _, f := range p.Status().Active.Files() {
					if strings.Contains(f.Text, "22") {
						return true
					}
				}
				return false
			})
			if err := os.RemoveAll(filepath.Join(dir, "new")); err != nil {
				t.Fatal(err)
			}
			until(t, "the folder's end", func() bool { return len(p.Status().Active.Files()) == 5 })
		})
	}
}

func TestABadChangeInAFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, lets("first"))
	p, _ := watched(t, dir, time.Hour)
	write(t, dir, broken()["reaches out"])
	// The file may be read while it is being written. Then an empty file is refused first.
	until(t, "the refusal", func() bool {
		refused := p.Status().Refused
		return refused != nil && strings.Contains(refused.Reason, "http.send")
	})
	if s := p.Status(); !p.gives("first")() || s.Refused.Source.String() != "the folder "+dir {
		t.Errorf("got %+v", s.Refused)
	}
	write(t, dir, lets("second"))
	until(t, "the mended set", p.gives("second"))
	if p.Status().Refused.Current {
		t.Error("the refusal is not over")
	}
}

// A good set that was too slow once, on a busy machine, is tried again.
func TestASetThatWasTooSlowIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, lets("first"))
	p, _ := newPolicies()
	p.limit = time.Nanosecond
	f := p.Folder(dir)
	if err := f.Look(t.Context()); !errors.Is(err, policies.ErrTooSlow) {
		t.Fatalf("got %v", err)
	}
	p.limit = policies.DecideWithin
	if err := f.Look(t.Context()); err != nil || !p.gives("first")() {
		t.Errorf("got %v", err)
	}
}

func TestAFolderThatGoes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	write(t, dir, lets("first"))
	p, _ := watched(t, dir, 20*time.Millisecond)
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	until(t, "the refusal", func() bool { return p.Status().Refused != nil && p.Status().Refused.Current })
	if !p.gives("first")() {
		t.Error("the policies went with the folder")
	}
	write(t, dir, lets("second"))
	until(t, "the new folder", p.gives("second"))
}

// Kubernetes mounts a ConfigMap as symbolic links into a folder that is itself a link. It changes all files by replacing this one
// link.
func TestAMountedConfigMap(t *testing.T) {
	dir := t.TempDir()
	mount := func(version, reason string) {
		t.Helper()
		set := lets(reason)
		set["more.rego"] = &fstest.MapFile{Data: []byte("package more\n\nx := 1\n")}
		write(t, filepath.Join(dir, version), set)
		if err := os.Symlink(version, filepath.Join(dir, "..new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "..new"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	mount("..1", "first")
	for _, link := range []struct{ to, at string }{{"..data/login", "login"}, {"..data/rest", "rest"}, {"..data/more.rego", "more.rego"}} {
		if err := os.Symlink(link.to, filepath.Join(dir, link.at)); err != nil {
			t.Fatal(err)
		}
	}
	p, _ := watched(t, dir, time.Hour)
	if !p.gives("first")() {
		t.Fatal("the links are not followed")
	}
	for _, version := range []string{"2", "3"} {
		mount(".."+version, "version-"+version)
		until(t, "version "+version, p.gives("version-"+version))
	}
	if s := p.Status(); s.Refusals != 0 || len(s.Active.Files()) != 6 {
		t.Errorf("got %d refusals, %d files", s.Refusals, len(s.Active.Files()))
	}
}

func TestAFolderThatCannotDecide(t *testing.T) {
	for name, tc := range map[string]struct {
		make func(dir string) string
		want string
	}{
		"is not there": {func(dir string) string { return filepath.Join(dir, "nowhere") }, "no such file"},
		"is empty":     {func(dir string) string { return dir }, "no .rego file"},
		"leads in a circle": {func(dir string) string {
			write(t, dir, lets("x"))
			if err := os.Symlink(".", filepath.Join(dir, "again")); err != nil {
				t.Fatal(err)
			}
			return dir
		}, "too many"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := newPolicies()
			err := p.Folder(tc.make(t.TempDir())).Look(t.Context())
			if !errors.Is(err, policies.ErrRefused) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want a refusal with %q", err, tc.want)
			}
		})
	}
}

// unsettled is a file system whose login.rego changes at each read.
type unsettled struct {
	fs.FS
	read int
}

func (u *unsettled) Open(name string) (fs.File, error) {
	if u.read++; strings.HasSuffix(name, "login.rego") {
		return fstest.MapFS{name: {Data: []byte("package nidan.login\n\n" + strings.Repeat("#", u.read))}}.Open(name)
	}
	return u.FS.Open(name)
}

func TestAFolderIsNotTakenWhileItChanges(t *testing.T) {
	p, _ := newPolicies()
	f := p.Folder("x")
	f.files = &unsettled{FS: lets("first")}
	if err := f.Look(t.Context()); !errors.Is(err, errUnsettled) {
		t.Errorf("got %v", err)
	}
	if s := p.Status(); s.Refused != nil || s.Active != nil {
		t.Errorf("got %+v", s)
	}
	f.files = lets("first")
	if err := f.Look(t.Context()); err != nil || !p.gives("first")() {
		t.Errorf("got %v", err)
	}
}
