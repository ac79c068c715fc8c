package records

import "testing"

func TestEveryStateHasOneResult(t *testing.T) {
	seen := map[string]Result{}
	for _, r := range Results {
		for _, state := range r.States() {
			if other, twice := seen[state]; twice {
				t.Errorf("%s is %s and %s", state, other, r)
			}
			seen[state] = r
			if got := ResultOf(state); got != r {
				t.Errorf("%s is %s, want %s", state, got, r)
			}
		}
	}
	if got := ResultOf("never heard of"); got != ResultRefused {
		t.Errorf("a state that is not known is %s", got)
	}
}

func TestARecordSaysWhatIsLeftOfItsDetail(t *testing.T) {
	for detail, want := range map[string]About{
		`{"input":{"request":{"ip":"192.0.2.1","user_agent":"a","method":"password","client":{"name":"softphone","version":"3.5.0"}}},"decision":{"channel":"softphone","action":"allow","second_step":"remembered"}}`: {
			"softphone", "allow", "192.0.2.1", "a", "password", "softphone 3.5.0", "remembered"},
		`{"input":{"request":{"ip":7,"user_agent":"a"}},"decision":{"channel":"softphone"}}`: {Channel: "softphone", UserAgent: "a"},
		`{"input":null,"decision":null}`: {},
		`nonsense`:                       {},
		``:                               {},
	} {
		if got := (Record{Kind: "sign_in", Detail: []byte(detail)}).About(); got != want {
			t.Errorf("%s: got %+v", detail, got)
		}
	}
	if got := (Record{Kind: "mail_sent", Detail: []byte(`{"decision":{"channel":"softphone"}}`)}).About(); got != (About{}) {
		t.Errorf("a mail is signed in to %+v", got)
	}
}
