package console

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"nidan/policies"
	"nidan/policies/live"
	"nidan/records"
	"nidan/server/session"
	"nidan/store"
)

// waits makes a set wait for approval. It does nothing if the set has an answer.
func (s *scene) waits(t *testing.T, revision, digest string) {
	t.Helper()
	_, err := s.store.AskApproval(t.Context(), store.Approval{
		Revision: revision, Digest: digest, Against: "old", Source: "the folder f", Loosening: []byte("{}"), Files: []byte{1}, Since: s.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *scene) answerOf(t *testing.T, revision string) string {
	t.Helper()
	all, err := s.store.Approvals(t.Context())
	if err != nil || len(all) != 1 || all[0].Revision != revision {
		t.Fatalf("got %+v, %v", all, err)
	}
	return all[0].Answer
}

func TestAnAnswerToPoliciesIsOnRecord(t *testing.T) {
	for _, answer := range []live.Answer{live.Approved, live.Rejected} {
		s := newScene(t)
		who := s.visitor(t)
		s.waits(t, "r", "d")
		if err := s.AnswerPolicies(t.Context(), who, "r", "d", answer); err != nil {
			t.Fatal(err)
		}
		if got := s.answerOf(t, "r"); got != string(answer) {
			t.Errorf("got %q", got)
		}
		records, err := s.store.Records(t.Context(), records.Filter{Kind: "policies_" + string(answer)})
		if err != nil || len(records) != 1 || records[0].By != "admin" || records[0].Revision != "r" || !records[0].At.Equal(s.clock) {
			t.Fatalf("got %+v, %v", records, err)
		}
		var detail map[string]any
		if err := json.Unmarshal(records[0].Detail, &detail); err != nil || detail["digest"] != "d" || detail["against"] != "old" ||
			detail["source"] != "the folder f" || detail["loosens"] == nil || detail["by"] != "admin" {
			t.Errorf("got %v, %v", detail, err)
		}
	}
}

func TestAnAnswerToWhatDoesNotWaitChangesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		revision, digest string
		want             NotWaiting
	}{
		"another set":                     {"other", "d", NotWaiting{}},
		"something else that it loosens":  {"r", "other", NotWaiting{}},
		"one that somebody else approved": {"r", "d", NotWaiting{live.Approved, "admin"}},
	} {
		s := newScene(t)
		who := s.visitor(t)
		s.waits(t, "r", "d")
		before := ""
		if tc.want.By != "" {
			if err := s.AnswerPolicies(t.Context(), who, "r", "d", live.Approved); err != nil {
				t.Fatal(err)
			}
			before = store.Approved
		}
		var got *NotWaiting
		if err := s.AnswerPolicies(t.Context(), who, tc.revision, tc.digest, live.Rejected); !errors.As(err, &got) || *got != tc.want {
			t.Errorf("%s: got %v", name, err)
		}
		if got := s.answerOf(t, "r"); got != before {
			t.Errorf("%s: the answer is %q", name, got)
		}
		if n, err := s.store.CountRecords(t.Context(), records.Filter{Kind: "policies_rejected"}); n != 0 || err != nil {
			t.Errorf("%s: %d records, %v", name, n, err)
		}
	}
}

func TestOfTwoWhoAnswerOneIsHeard(t *testing.T) {
	s := newScene(t)
	who := s.visitor(t)
	s.waits(t, "r", "d")
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() {
			errs[i] = s.AnswerPolicies(t.Context(), who, "r", "d", []live.Answer{live.Approved, live.Rejected}[i%2])
		})
	}
	all.Wait()
	heard := 0
	for _, err := range errs {
		var late *NotWaiting
		switch {
		case err == nil:
			heard++
		case !errors.As(err, &late) || late.By != "admin" || late.Answer == live.Unanswered:
			t.Errorf("got %v", err)
		}
	}
	if heard != 1 {
		t.Errorf("%d were heard", heard)
	}
}

func TestWhoMayNotApproveDoesNot(t *testing.T) {
	for want, change := range map[string]func(*session.Visitor){
		"role_may_not":  func(who *session.Visitor) { who.Person.Role = "supervisor" },
		"sign_in_again": func(who *session.Visitor) { who.Allowed = policies.Capabilities{} },
	} {
		s := newScene(t)
		who := s.visitor(t)
		change(&who)
		s.waits(t, "r", "d")
		var refusal *Refusal
		if err := s.AnswerPolicies(t.Context(), who, "r", "d", live.Approved); !errors.As(err, &refusal) || refusal.Reason != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if got := s.answerOf(t, "r"); got != "" {
			t.Errorf("got %q", got)
		}
	}
	s := newScene(t)
	who := s.visitor(t)
	s.waits(t, "r", "d")
	if err := s.AnswerPolicies(t.Context(), who, "r", "d", live.Unanswered); !errors.Is(err, ErrInvalid) {
		t.Errorf("no answer: %v", err)
	}
}
