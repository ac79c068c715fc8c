//go:build !race

package cmd

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nidan/config"
	"nidan/policies/live"
	"nidan/records"
	"nidan/settings"
	"nidan/store"
	"nidan/store/postgrestest"
)

// process has the policies of one process on a database, as serve has them.
type process struct {
	*live.Policies
	t     *testing.T
	store *store.Store
	look  []func(context.Context) error
}

// begin starts a process as serve does, until it has recorded which policies decide.
func begin(t *testing.T, st *store.Store, dir string, require config.Require) (*process, error) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	p, keep, err := newPolicies(t.Context(), config.Policies{Dir: dir, Require: require, TimeLimit: time.Minute}, st, log)
	if err != nil {
		return nil, err
	}
	p.Tell(t.Context(), recordPolicies(st, log))
	return &process{p, t, st, keep}, nil
}

// watching keeps the policies of the process up to date until the test ends.
func (p *process) watching() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- p.look[0](ctx) }()
	go func() { ended <- p.store.WatchPolicies(ctx, slog.New(slog.DiscardHandler), p.Hurry) }()
	p.t.Cleanup(func() {
		stop()
		for range cap(ended) {
			if err := <-ended; err != nil {
				p.t.Error(err)
			}
		}
	})
}

func (p *process) until(what string, come func(live.Status) bool) {
	p.t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		s, err := p.Everywhere(p.t.Context())
		if err != nil {
			p.t.Fatal(err)
		}
		if come(s) {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("it did not come: %s; refused %+v, waiting %d", what, s.Refused, len(s.Waiting))
		}
	}
}

func (p *process) decidesBy(dir string) {
	p.t.Helper()
	revisionIs(p.t, dir, p.Status().Active.Revision)
}

// migrated opens an empty database and creates its tables.
func migrated(t *testing.T, url string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.Migrate(t.Context(), settings.Settings{RememberDays: 30}); err != nil {
		t.Fatal(err)
	}
	return st
}

// sterner returns the folder of a set that allows fewer tries of a code than the set that ships.
func sterner(t *testing.T) string {
	return copied(t, "data.json", `"max_attempts": 10`, `"max_attempts": 9`)
}

func TestASetThatLoosensWaitsInEveryProcessAndOverAStart(t *testing.T) {
	for name, url := range map[string]func() []string{
		"SQLite": func() []string { return []string{"sqlite:" + filepath.Join(t.TempDir(), "nidan.db")} },
		"PostgreSQL": func() []string {
			url := postgrestest.Start(t).New("nidan")
			return []string{url, url}
		},
	} {
		t.Run(name, func(t *testing.T) {
			approve := config.Require{Loosening: live.LooseningApprove}
			strict, loose := sterner(t), copied(t, "data.json", "", "")
			var stores []*store.Store
			for _, one := range url() {
				stores = append(stores, migrated(t, one))
			}
			first, err := begin(t, stores[0], strict, approve)
			if err != nil {
				t.Fatal(err)
			}
			first.decidesBy(strict)
			// Each process starts with the changed files.
			var all []*process
			for _, st := range stores {
				p, err := begin(t, st, loose, approve)
				if err != nil {
					t.Fatal(err)
				}
				p.decidesBy(strict)
				all = append(all, p)
			}
			waiting := all[0].Status().Waiting
			if len(waiting) != 1 || len(waiting[0].Differences) == 0 {
				t.Fatalf("got %+v", waiting)
			}
			for _, p := range all {
				p.watching()
				s, err := p.Everywhere(t.Context())
				if err != nil || len(s.Waiting) != 1 || s.Waiting[0].Digest != waiting[0].Digest || len(s.Waiting[0].Differences) != len(waiting[0].Differences) ||
					len(s.Waiting[0].Files) != len(waiting[0].Files) || s.Waiting[0].Source != waiting[0].Source {
					t.Errorf("got %+v, %v", s.Waiting, err)
				}
			}
			heard, err := stores[0].AnswerApproval(t.Context(), waiting[0].Revision, waiting[0].Digest, store.Approved, records.Record{
				At: now(), Kind: "policies_approved", By: "admin", Revision: waiting[0].Revision,
			})
			if err != nil || !heard {
				t.Fatalf("got %v, %v", heard, err)
			}
			for _, p := range all {
				p.until("the approved set", func(s live.Status) bool { return s.Active.Revision == waiting[0].Revision && len(s.Waiting) == 0 })
				p.decidesBy(loose)
			}
			again, err := begin(t, stores[0], loose, approve)
			if err != nil {
				t.Fatal(err)
			}
			again.decidesBy(loose) // the set needs no second approval
		})
	}
}

func TestARollbackToWhatIsLooserWaitsToo(t *testing.T) {
	folder, database := copied(t, "data.json", "", ""), "sqlite:"+filepath.Join(t.TempDir(), "nidan.db")
	configured(t, database)
	t.Setenv("NIDAN_POLICIES_DIR", folder)
	loose := decided(t, database, folder, now().Add(-time.Hour))
	strict := sterner(t)
	decided(t, database, strict, now().Add(-time.Minute))
	if out, err := run(t, "policy", "rollback", loose); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p, err := begin(t, migrated(t, database), folder, config.Require{Loosening: live.LooseningApprove})
	if err != nil {
		t.Fatal(err)
	}
	p.decidesBy(strict)
	if w := p.Status().Waiting; len(w) != 1 || w[0].Revision != loose {
		t.Errorf("got %+v", w)
	}
}

// The attack: somebody removes an invariant and waits for the next start of serve. The gate still asks for the invariants of the set that
// decided last.
func TestAtAStartTheInvariantsOfTheSetThatDecidedLastAreAskedFor(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	before := copied(t, "data.json", "", "")
	decided(t, database, before, now().Add(-time.Hour))
	st := migrated(t, database)
	dir := copied(t, "data.json", `"console_role": "system_administrator"`, `"console_role": "supervisor"`)
	if err := os.RemoveAll(filepath.Join(dir, "invariants")); err != nil {
		t.Fatal(err)
	}
	_, err := begin(t, st, dir, config.Require{Invariants: true})
	if err == nil || !strings.Contains(err.Error(), "somebody who is no administrator changes the settings") {
		t.Errorf("got %v", err)
	}
}

func TestASetThatWaitsCanBeComparedAndShown(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	configured(t, database)
	decided(t, database, sterner(t), now().Add(-time.Hour))
	st := migrated(t, database)
	p, err := begin(t, st, copied(t, "data.json", "", ""), config.Require{Loosening: live.LooseningApprove})
	if err != nil {
		t.Fatal(err)
	}
	revision, deciding := p.Status().Waiting[0].Revision, p.Status().Active.Revision
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, "policy", "show", revision); err != nil || !strings.Contains(out, `"max_attempts": 10`) {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(t, "policy", "diff", revision, "--against", deciding); statusOf(err) != statusPastLimit || !strings.Contains(out, "code.max_attempts") {
		t.Errorf("%v\n%s", err, out)
	}
}
