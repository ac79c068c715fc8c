package policies

import (
	"fmt"
	"regexp"
	"testing"
)

// A rule that reads a fact which an older record does not have would be undefined without an error, and another rule would decide.
func TestWhatARecordLacks(t *testing.T) {
	without := func(t *testing.T, facts ...string) map[string]any {
		in := asJSON(t, asked())
		for _, fact := range facts {
			switch names := namesIn("/" + fact); len(names) {
			case 1:
				delete(in, names[0])
			default:
				delete(in[names[0]].(map[string]any), names[1])
			}
		}
		return in
	}
	for name, tc := range map[string]struct {
		rego string // of the decision; empty: the shipped policies
		in   map[string]any
		gone []string
		want string
	}{
		"nothing":                     {"", without(t), nil, "[]"},
		"a fact that decides":         {"", without(t, "account/has_email"), nil, "[account.has_email]"},
		"a fact that nobody asks for": {"", without(t, "account/email", "device/id", "request/ip"), nil, "[]"},
		"a fact that this sign-in leaves out": {"", func() map[string]any {
			in := without(t, "account/has_email", "account/plan", "device")
			in["account"].(map[string]any)["locked"] = true
			return in
		}(), nil, "[]"},
		"all of an object":                 {"", without(t, "device"), nil, "[device.known]"},
		"everything":                       {"", map[string]any{}, nil, "[account.locked request.flow_type settings.remember]"},
		"a fact that was masked":           {"", without(t), []string{"/input/account/plan", "/input/account/email", "/result/account"}, "[account.plan]"},
		"an object that was taken out":     {"", without(t, "account"), []string{"/input/account"}, "[account.locked account]"},
		"no challenge, which is a fact":    {`d("a") if input.challenge.channel == "x"`, without(t), nil, "[]"},
		"no header, which is a fact":       {`d("a") if input.request.headers["x-channel"] == "x"`, without(t), nil, "[]"},
		"the headers":                      {`d("a") if input.request.headers["x-channel"] == "x"`, without(t, "request/headers"), nil, "[request.headers.x-channel]"},
		"what a function is given":         {"d(\"a\") if f(input.account)\n\nf(x) if x.plan", without(t, "account/plan"), nil, "[account.plan]"},
		"what is read as a whole":          {"d(\"a\") if f(input)\n\nf(x) if x.account.plan", without(t, "account/plan"), nil, "[account.plan]"},
		"what is in a comprehension":       {`d("a") if count([x | x := input.account.plan]) > 0`, without(t, "account/plan"), nil, "[account.plan]"},
		"what stands in the head":          {`d(input.account.plan)`, without(t, "account/plan"), nil, "[account.plan]"},
		"what OPA would find by its index": {"d(\"a\") if input.account.plan == \"a\"\n\nd(\"b\") if input.account.plan == \"b\"", without(t, "account/plan"), nil, "[account.plan]"},
		"what is in another's negation":    {"d(\"a\") if not p\n\np if not input.account.plan", without(t, "account/plan"), nil, "[account.plan]"},
		"what stands behind what fails":    {`d("a") if { input.account.role == "nobody"; input.account.plan }`, without(t, "account/plan"), nil, "[]"},
		"the clock":                        {`d("a") if input.now != ""`, without(t, "now"), nil, "[now]"},
	} {
		t.Run(name, func(t *testing.T) {
			set := Shipped()
			if tc.rego != "" {
				set = with("default decision := {\"action\": \"allow\", \"reason\": \"r\", \"channel\": \"c\"}\n\n" +
					"decision := {\"action\": \"allow\", \"reason\": r, \"channel\": \"c\"} if some r in reasons\n\n" + ruled(tc.rego))
			}
			e, err := New(t.Context(), set)
			if err != nil {
				t.Fatal(err)
			}
			m, err := e.Memo()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time from the cache
				got, err := m.Lacks(t.Context(), tc.in, tc.gone)
				if err != nil || fmt.Sprint(got) != tc.want {
					t.Errorf("got %v, %v, want %s", got, err, tc.want)
				}
			}
		})
	}
}

// ruled turns each d(reason) into a rule that gives a reason.
func ruled(rego string) string {
	return regexp.MustCompile(`(?m)^d\((.*?)\)( if|$)`).ReplaceAllString(rego, "reasons contains $1$2")
}
