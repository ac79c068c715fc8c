package storetest

import (
	"errors"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/store"
)

func policySetsKept(t *testing.T, s *store.Store) {
	keep := func(revision, name, source, files string, at time.Time) {
		t.Helper()
		err := s.KeepPolicySet(t.Context(), store.PolicySet{Revision: revision, Name: name, Source: source, Files: []byte(files), At: at})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.PolicySet(t.Context(), "a"); !errors.Is(err, challenge.ErrNotFound) {
		t.Errorf("before any is kept: %v", err)
	}
	keep("a", "v1", "the folder x", "files of a", at)
	keep("b", "", "the folder x", "files of b", at.Add(time.Hour))
	keep("a", "v1", "the bundle y", "", at.Add(2*time.Hour)) // the set decides a second time
	got, err := s.PolicySet(t.Context(), "a")
	if err != nil || got.Name != "v1" || got.Source != "the bundle y" || string(got.Files) != "files of a" || !got.At.Equal(at.Add(2*time.Hour)) {
		t.Errorf("got %+v, %v", got, err)
	}
	all, err := s.PolicySets(t.Context())
	if err != nil || len(all) != 2 || all[0].Revision != "a" || all[1].Revision != "b" || all[0].Files != nil {
		t.Errorf("got %+v, %v", all, err)
	}
}
