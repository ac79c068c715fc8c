package storetest

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"nidan/records"
	"nidan/store"
)

func talliesAdded(t *testing.T, s *store.Store) {
	add := func(sets string, counted ...store.Tally) {
		t.Helper()
		if err := s.AddTallies(t.Context(), sets, counted, store.ShadowCount{At: at}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(sets string, want ...store.Tally) {
		t.Helper()
		if got, err := s.Tallies(t.Context(), sets); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("of %s: %+v, %v, want %+v", sets, got, err, want)
		}
	}
	expect("a b")
	add("a b", store.Tally{Change: "asked", Counted: 2, Examples: []string{"1", "2"}}, store.Tally{Change: "decided", Counted: 5})
	add("a c", store.Tally{Change: "asked", Counted: 1})
	add("a b", store.Tally{Change: "asked", Counted: 2, Examples: []string{"3", "4"}})
	add("a b", store.Tally{Change: "asked", Counted: 1, Examples: []string{"5"}})
	expect("a b", store.Tally{Change: "asked", Counted: 5, Examples: []string{"1", "2", "3"}}, store.Tally{Change: "decided", Counted: 5})
	expect("a c", store.Tally{Change: "asked", Counted: 1})

	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			add("a c", store.Tally{Change: "asked", Counted: 1}, store.Tally{Change: "decided", Counted: 1})
		})
	}
	all.Wait()
	expect("a c", store.Tally{Change: "asked", Counted: 21}, store.Tally{Change: "decided", Counted: 20})

	if err := s.PurgeRecords(t.Context(), at.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	expect("a b")
}

func shadowCounted(t *testing.T, s *store.Store) {
	add := func(sets string, after time.Duration, compared, loosened, failed, otherwise int64) {
		t.Helper()
		n := store.ShadowCount{At: at.Add(after), Compared: compared, Loosened: loosened, Failed: failed, Otherwise: otherwise}
		if err := s.AddTallies(t.Context(), sets, nil, n); err != nil {
			t.Fatal(err)
		}
	}
	while := at.Truncate(records.CountedFor)
	expect := func(what string, from, to time.Time, want ...store.ShadowCount) {
		t.Helper()
		if got, err := s.ShadowCounts(t.Context(), from, to); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", what, got, err, want)
		}
	}
	expect("before anything is counted", while, while.Add(time.Hour))
	add("a b", 0, 5, 1, 0, 2)
	add("a b", time.Minute, 4, 0, 1, 0)
	add("b c", time.Minute, 3, 0, 0, 0)
	add("a b", records.CountedFor, 2, 1, 0, 0)
	first, other := store.ShadowCount{At: while, Compared: 9, Loosened: 1, Failed: 1, Otherwise: 2}, store.ShadowCount{At: while, Compared: 3}
	second := store.ShadowCount{At: while.Add(records.CountedFor), Compared: 2, Loosened: 1}
	expect("all of it", while, while.Add(time.Hour), first, other, second)
	expect("the first while", while, while.Add(records.CountedFor), first, other)
	expect("the second one", while.Add(records.CountedFor), while.Add(time.Hour), second)
	if err := s.PurgeRecords(t.Context(), while.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	expect("what is left when the first while is too old", while, while.Add(time.Hour), second)
}
