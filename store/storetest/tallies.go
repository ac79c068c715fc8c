package storetest

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"nidan/store"
)

func talliesAdded(t *testing.T, s *store.Store) {
	add := func(sets string, counted ...store.Tally) {
		t.Helper()
		if err := s.AddTallies(t.Context(), sets, counted, at); err != nil {
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
