package hooks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nidan/exchange"
	"nidan/logs"
	"nidan/policies"
)

// watchedScene is a scene with a JSON log at level DEBUG. It keeps what Watch is told.
type watchedScene struct {
	*scene
	told  []Ended
	hooks []string
}

func newWatchedScene(t *testing.T) *watchedScene {
	t.Helper()
	w := &watchedScene{scene: newScene(t, policies.Shipped())}
	w.hook.Log = slog.New(logs.Handler{Handler: slog.NewJSONHandler(w.log, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // its digits could be taken for a code
			}
			return a
		},
	})})
	w.hook.Watch = func(ctx context.Context, hook string, _ http.Header) (context.Context, func(Ended)) {
		w.hooks = append(w.hooks, hook)
		return ctx, func(e Ended) { w.told = append(w.told, e) }
	}
	return w
}

// lines are the lines of the log with that message.
func (w *watchedScene) lines(message string) (found []map[string]any) {
	w.t.Helper()
	for line := range strings.Lines(w.log.String()) {
		var read map[string]any
		if err := json.Unmarshal([]byte(line), &read); err != nil {
			w.t.Fatalf("no JSON: %v: %s", err, line)
		}
		if read["msg"] == message {
			found = append(found, read)
		}
	}
	return found
}

// lastIs expects that Watch and the log reported one more call, and both with these values.
func (w *watchedScene) lastIs(calls int, want Ended) {
	w.t.Helper()
	lines := w.lines("sign-in")
	if len(lines) != calls || len(w.told) != calls {
		w.t.Fatalf("%d lines and %d calls told of, want %d each\n%s", len(lines), len(w.told), calls, w.log)
	}
	if got := w.told[calls-1]; got != want {
		w.t.Errorf("told %+v, want %+v", got, want)
	}
	for name, value := range map[string]string{
		"account": want.Account, "flow": want.Flow, "action": string(want.Action), "reason": want.Reason, "channel": want.Channel, "state": want.State,
	} {
		if got, there := lines[calls-1][name]; got != value && (there || value != "") {
			w.t.Errorf("the line says %s %v, want %q", name, got, value)
		}
	}
	if _, there := lines[calls-1]["took_ms"].(float64); !there {
		w.t.Errorf("the line does not say how long it took: %v", lines[calls-1])
	}
}

func TestEachSignInIsOneLineWithAllThatIsKnownOfIt(t *testing.T) {
	w := newWatchedScene(t)
	asked := Ended{Account: "agent-id", Flow: "flow-1", Action: "challenge", Reason: "code_required", Channel: "softphone", State: "code_sent"}
	first := w.body(nil)
	w.post(first, nil)
	w.lastIs(1, asked)
	w.post(first, nil)
	w.lastIs(2, Ended{Account: "agent-id", Flow: "flow-1", Reason: Repeated, State: Repeated})
	w.submit(object{codeAt: w.wrong()})
	asked.State = "code_mismatch"
	w.lastIs(3, asked)
	w.submit(object{codeAt: w.mailed()})
	asked.State = "passed"
	w.lastIs(4, asked)
	w.submit(object{"flow/id": "flow-2", "identity/metadata_public": object{"role": "user"}})
	w.lastIs(5, Ended{Account: "agent-id", Flow: "flow-2", Action: "allow", Reason: "account_off", Channel: "softphone", State: "allowed"})
	w.submit(object{"flow/id": "flow-3", "identity/state": "inactive"})
	w.lastIs(6, Ended{Account: "agent-id", Flow: "flow-3", Action: "refuse", Reason: "account_inactive", Channel: "softphone", State: "sign_in_again"})
	w.post([]byte(`{"flow": {`), nil)
	w.lastIs(7, Ended{Reason: "not_understood", State: "unavailable"})
}

// unruly are policies that fail.
type unruly struct{ panics bool }

func (u unruly) Login(context.Context, policies.Input) (policies.Verdict, error) {
	if u.panics {
		panic("a bug")
	}
	return policies.Verdict{}, errors.New("no rule")
}

func (u unruly) Settings(context.Context, policies.SettingsInput) (policies.SettingsDecision, error) {
	return policies.SettingsDecision{}, errors.New("no rule")
}

func TestASignInThatFailsIsOneLineAsWell(t *testing.T) {
	w := newWatchedScene(t)
	w.hook.Policies = unruly{}
	w.submit(nil)
	w.lastIs(1, Ended{Account: "agent-id", Flow: "flow-1", Reason: "undecided", State: "unavailable"})
	w.hook.Policies = unruly{panics: true}
	w.submit(object{"flow/id": "flow-2"})
	if got, want := w.told[1], (Ended{Reason: "panic", State: "unavailable"}); got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
	w.hook.Store = full{w.hook.Store}
	w.submit(object{"flow/id": "flow-3"})
	w.lastIs(3, Ended{Account: "agent-id", Flow: "flow-3", Reason: "not_recorded", State: "unavailable"})
}

// full is a store on a disk that is full.
type full struct{ exchange.Store }

func (full) Situation(context.Context, exchange.Call) (exchange.Situation, error) {
	return exchange.Situation{}, errors.New("the disk is full")
}

func TestWhoHasNotTheTokenIsNotWatched(t *testing.T) {
	w := newWatchedScene(t)
	w.post(w.body(nil), http.Header{"Authorization": {"Bearer another"}})
	if len(w.hooks) != 0 || len(w.lines("sign-in")) != 0 {
		t.Errorf("told of %v\n%s", w.hooks, w.log)
	}
}

func TestEachLineOfACallSaysWhichFlowItIsAbout(t *testing.T) {
	w := newWatchedScene(t)
	w.hook.Policies = unruly{}
	w.submit(nil)
	for _, message := range []string{"a sign-in was refused because it could not be decided", "sign-in"} {
		if lines := w.lines(message); len(lines) != 1 || lines[0]["flow"] != "flow-1" {
			t.Errorf("%q: %v", message, lines)
		}
	}
	if n := strings.Count(w.log.String(), `"flow":`); n != strings.Count(w.log.String(), "\n") {
		t.Errorf("%d of the lines say the flow, or some say it twice\n%s", n, w.log)
	}
}

func TestAChangeIsOneLineWithItsMethod(t *testing.T) {
	w := newWatchedScene(t)
	w.postTo("/hooks/settings/after-password", w.body(nil), nil)
	lines := w.lines("settings")
	if len(lines) != 1 || lines[0]["method"] != "password" || lines[0]["account"] != "agent-id" || lines[0]["flow"] != "flow-1" ||
		lines[0]["action"] == "" || lines[0]["reason"] == "" || !slices.Equal(w.hooks, []string{HookSettings}) {
		t.Errorf("watched are %v, the lines are %v", w.hooks, lines)
	}
}

func TestHowLongACallTookIsSaidByTheClock(t *testing.T) {
	w := newWatchedScene(t)
	w.hook.Store = slow{w.hook.Store, func() { w.now = w.now.Add(70 * time.Millisecond) }}
	w.submit(nil)
	if lines := w.lines("sign-in"); lines[0]["took_ms"] != 70.0 {
		t.Errorf("it took %v", lines[0]["took_ms"])
	}
}

// slow is a store that is slow.
type slow struct {
	exchange.Store
	wait func()
}

func (s slow) Situation(ctx context.Context, c exchange.Call) (exchange.Situation, error) {
	s.wait()
	return s.Store.Situation(ctx, c)
}

// More people read the log than the mail, and the log is kept longer.
func TestNoLineHoldsASecretACodeATokenOrAnAddress(t *testing.T) {
	w := newWatchedScene(t)
	const device = "device-token-device-token-device-token-1"
	remember := object{"flow/transient_payload/two_factor/remember": true, "flow/transient_payload/two_factor/device_token": device}
	with := func(more object) object {
		for name, v := range remember {
			if _, there := more[name]; !there {
				more[name] = v
			}
		}
		return more
	}
	w.submit(with(object{}))
	wrong := w.wrong()
	w.submit(with(object{codeAt: wrong}))
	w.submit(with(object{codeAt: w.mailed()}))
	for _, change := range []object{
		{"flow/id": "flow-2"}, {"flow/id": "flow-3", "identity/traits/email": ""}, {"flow/id": "flow-4", "identity/state": "inactive"},
		{"flow/id": "flow-5", "identity/traits/email": 7}, {"flow/id": "", codeAt: "987654"},
	} {
		w.post(w.body(with(change)), nil)
	}
	w.post(bytes.Replace(w.body(nil), []byte(`"api"`), []byte(`agent@example.com`), 1), nil)
	w.post(w.body(nil), http.Header{"Authorization": {"Bearer another-token-another-token"}})
	w.hook.Policies = unruly{}
	w.submit(with(object{"flow/id": "flow-6", codeAt: "987654"}))
	w.hook.Policies = unruly{panics: true}
	w.submit(with(object{"flow/id": "flow-7"}))
	unwanted := []string{device, wrong, "987654", "agent@example.com", "@example.com", token, "another-token"}
	for _, m := range w.mails.sent {
		code, err := m.Open(w.hook.Keys)
		if err != nil {
			t.Fatal(err)
		}
		unwanted = append(unwanted, code, m.To)
	}
	for _, secret := range unwanted {
		if secret != "" && strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %q\n%s", secret, w.log)
		}
	}
	if n := len(w.lines("sign-in")); n < 9 {
		t.Errorf("%d sign-ins were logged, so little was searched", n)
	}
}
