package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/policies"
)

func TestSignInsAreCountedByActionReasonAndChannel(t *testing.T) {
	s := newScene(t, policies.Shipped(), false)
	s.post(false, "", nil)
	s.signIns(1, "allow", "account_off", "softphone")
	s.post(true, "", nil)
	s.signIns(1, "challenge", "code_required", "softphone")
	if got := testutil.ToFloat64(s.watch.challenges.WithLabelValues("code_sent")); got != 1 {
		t.Errorf("%v challenges are in code_sent", got)
	}
	s.post(true, s.code(s.mail()), nil)
	if got := testutil.ToFloat64(s.watch.challenges.WithLabelValues("passed")); got != 1 {
		t.Errorf("%v challenges are in passed", got)
	}
	s.signIns(2, "challenge", "code_required", "softphone")
}

// Kratos may send a call three times. If the network between Kratos and Nidan fails, this must not look like many people who sign in.
func TestARepeatedCallIsOneSignIn(t *testing.T) {
	s := newScene(t, policies.Shipped(), false)
	s.post(false, "", nil)
	s.calls = 0 // the same submission
	s.post(false, "", nil)
	s.signIns(1, "allow", "account_off", "softphone")
	if n := testutil.CollectAndCount(s.watch.signIns); n != 1 {
		t.Errorf("the repeat was counted as another sign-in: there are %d series", n)
	}
	if n := count(t, s.watch.calls.WithLabelValues("login", "repeated")); n != 1 {
		t.Errorf("%d repeats", n)
	}
}

func TestWhatDoesNotWorkIsCounted(t *testing.T) {
	s := newScene(t, policies.Shipped(), false)
	s.hook.Store = s.watch.Store(full{})
	s.post(false, "", nil)
	s.signIns(1, "none", "not_recorded", "none")
	if count(t, s.watch.calls.WithLabelValues("login", "unavailable")) != 1 || count(t, s.watch.store.WithLabelValues("situation", "failed")) != 1 {
		t.Error("the call or the store's failure was not counted")
	}
}

// full is a store on a full disk.
type full struct{ exchange.Store }

func (full) Situation(context.Context, exchange.Call) (exchange.Situation, error) {
	return exchange.Situation{}, errors.New("the disk is full")
}

func TestEachPartOfACallIsMeasured(t *testing.T) {
	s := newScene(t, policies.Shipped(), false)
	s.post(false, "", nil)
	for name, o := range map[string]prometheus.Observer{
		"hook": s.watch.calls.WithLabelValues("login", "let_through"), "decision": s.watch.decisions.WithLabelValues("ok"),
		"situation": s.watch.store.WithLabelValues("situation", "ok"), "update": s.watch.store.WithLabelValues("update", "ok"),
	} {
		if n := count(t, o); n != 1 {
			t.Errorf("%s was measured %d times", name, n)
		}
	}
}

// count returns how many measurements a histogram has.
func count(t *testing.T, o prometheus.Observer) uint64 {
	t.Helper()
	var m dto.Metric
	if err := o.(prometheus.Metric).Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetHistogram().GetSampleCount()
}

// inventive returns policies that put the account's id into the reason, and the client's own text into the channel.
func inventive(t *testing.T) fs.FS {
	t.Helper()
	data, err := fs.ReadFile(policies.Shipped(), "data.json")
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{
		"login/login.rego": {Data: []byte(`package nidan.login

decision := {
	"action": "allow", "channel": concat("-", ["by", input.request.client.name]),
	"reason": concat(" ", ["let", input.account.id, "in"]),
}`)},
		"data.json": {Data: data},
	}
}

func TestAReasonThatAPolicyMakesUpIsOther(t *testing.T) {
	s := newScene(t, inventive(t), false)
	s.post(false, "", nil)
	s.signIns(1, "allow", "other", "other")
	if n := testutil.CollectAndCount(s.watch.signIns); n != 1 {
		t.Errorf("there are %d series", n)
	}
}

func TestALabelHasNoMoreValuesThanItMay(t *testing.T) {
	b := newBounded(3, func(string) bool { return true }, "undecided")
	for i := range 5 {
		b.of(fmt.Sprint(i))
	}
	for value, want := range map[string]string{"0": "0", "2": "2", "3": "other", "4": "other", "5": "other", "undecided": "undecided", "": "none"} {
		if got := b.of(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}

func TestALabelStaysWhenThePoliciesChange(t *testing.T) {
	named := true
	b := newBounded(3, func(string) bool { return named })
	b.of("office")
	named = false
	if got := b.of("office"); got != "office" {
		t.Errorf("it became %q", got)
	}
	if got := b.of("new"); got != "other" {
		t.Errorf("a value that no policy names is %q", got)
	}
}

func TestAMailIsMeasuredByWhetherItWasSent(t *testing.T) {
	w := New(func(string) bool { return true }, nil)
	for reason, label := range map[string]string{"": "ok", "smtp_550": "failed"} {
		_, told := w.Mail(t.Context(), challenge.Message{})
		told(reason)
		if n := count(t, w.mail.WithLabelValues(label)); n != 1 {
			t.Errorf("%s was counted %d times", label, n)
		}
	}
}
