package hooks

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/policies"
	"nidan/policies/replay"
	"nidan/records"
)

// clients are a browser and a softphone for each of several accounts.
type clients struct {
	*scene
	tokens map[string]string // by client
}

// signIn signs a client in. If a code is asked for, signIn enters it with "remember". It returns whether a code was asked for.
func (c *clients) signIn(account, kind string, n int) (asked bool) {
	c.t.Helper()
	flow, name := fmt.Sprintf("flow-%d", n), account+" "+kind
	call := func(more object) object {
		more["identity/id"], more["flow/id"] = account, flow
		if kind == "api" {
			more[tokenAt] = c.tokens[name]
			return more
		}
		more = browser(c.tokens[name], more)
		more["request_cookies"].(object)["nidan_device_next"] = next(name, n)
		return more
	}
	first := c.submit(call(object{}))
	if first.status == 204 {
		return false
	}
	if first.state != string(challenge.CodeSent) {
		c.t.Fatalf("got %s", first.raw)
	}
	c.now = c.now.Add(20 * time.Second)
	c.expectIn(call(object{codeAt: c.codeOf(flow), rememberAt: true}))
	if c.tokens[name] = first.context.Challenge.DeviceToken; kind != "api" {
		c.tokens[name] = next(name, n)
	}
	return true
}

func next(name string, n int) string { return strings.Repeat("n", 32) + fmt.Sprintf("%s %d", name, n) }

// The records are enough to say what other settings would have done. The test takes the same people through the same days twice, with
// different settings and databases, and compares the replay of the first records with the second run.
func TestRecordsAreEnoughToSayWhatWouldHaveHappened(t *testing.T) {
	worlds := [2]*clients{}
	for i, days := range []int{30, 7} {
		s := newScene(t, policies.Shipped())
		_, err := s.store.DB().ExecContext(t.Context(), `UPDATE settings SET remember_days = $1`, days)
		if err != nil {
			t.Fatal(err)
		}
		worlds[i] = &clients{s, map[string]string{}}
		for n := range 4 {
			worlds[i].tokens[fmt.Sprintf("account-%d browser", n)] = next("first", n)
		}
	}
	r, begin, n, asked, signIns := rand.New(rand.NewPCG(1, 2)), worlds[0].now, 0, [2]int{}, 0
	var anew int
	for day := range 70 {
		var hours []int
		for range 8 {
			hours = append(hours, r.IntN(24*3600))
		}
		slices.Sort(hours)
		for who, seconds := range hours {
			if r.IntN(2) == 0 {
				continue
			}
			n, signIns = n+1, signIns+1
			account, kind := fmt.Sprintf("account-%d", who/2), []string{"browser", "api"}[who%2]
			var now [2]bool
			for i, w := range worlds {
				w.now = begin.AddDate(0, 0, day).Add(time.Duration(seconds) * time.Second)
				if now[i] = w.signIn(account, kind, n); now[i] {
					asked[i]++
				}
			}
			if now[1] && !now[0] {
				anew++
			}
		}
	}
	s := worlds[0].replayed(map[string]any{"remember_days": 7.0})
	found := 0
	for _, c := range s.Changes {
		if c.From == policies.ActionAllow && c.To == policies.ActionChallenge {
			found += c.Count
		}
	}
	t.Logf("%d sign-ins, asked %v, anew %d, replayed %d, %+v", signIns, asked, anew, found, s.Lacking)
	if s.Decided != signIns || s.Inexact != 0 || s.Unreadable != 0 || found != anew || anew == 0 {
		t.Errorf("got %d of %d: %d asked anew, want %d, inexact %v", s.Decided, signIns, found, anew, s.Lacking)
	}
	if s := worlds[0].replayed(nil); s.Changed != 0 || s.Inexact != 0 {
		t.Errorf("the same policies change %d, inexact %d", s.Changed, s.Inexact)
	}
}

// replayed is the result of a replay of the scene's records with the same policies and other settings.
func (s *scene) replayed(settings map[string]any) replay.Summary {
	s.t.Helper()
	all, err := s.store.Records(s.t.Context(), records.Filter{})
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := policies.New(s.t.Context(), policies.Shipped())
	if err != nil {
		s.t.Fatal(err)
	}
	var d replay.Differences
	err = replay.Trial{Tried: e, Settings: settings}.Run(s.t.Context(), func(yield func(replay.Recorded, error) bool) {
		for _, r := range slices.Backward(all) {
			one := replay.Recorded{ID: r.ID, At: r.At, Kind: r.Kind, Account: r.Account, Flow: r.Flow, State: r.State, Detail: r.Detail}
			if replay.Counts(r.Kind) && !yield(one, nil) {
				return
			}
		}
	}, &d, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return d.Summary()
}

func TestARecordNamesTheDeviceAndNotItsToken(t *testing.T) {
	s := remembered(t)
	s.expectIn(browser(mine, object{"flow/id": "flow-2"}))
	s.expect(challenge.CodeSent, browser(theirs, object{"flow/id": "flow-3"}))
	s.expect(challenge.CodeSent, object{"flow/id": "flow-4"})
	all, err := s.store.Records(t.Context(), records.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	name := func(token string) string {
		return fmt.Sprintf(`"id":%q`, challenge.DeviceName(challenge.HashDeviceToken(token)))
	}
	for i, want := range []string{`"id":""}`, name(theirs), name(mine), name(mine), name(mine)} {
		if detail := string(all[i].Detail); !strings.Contains(detail, want) || strings.Contains(detail, mine) {
			t.Errorf("record %d does not have %s: %s", i, want, detail)
		}
	}
	if name(mine) == name(theirs) || strings.Contains(fmt.Sprintf("%x", challenge.HashDeviceToken(mine)), name(mine)[6:22]) {
		t.Errorf("%s names two, or is of the hash", name(mine))
	}
}
