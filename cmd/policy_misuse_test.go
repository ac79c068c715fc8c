package cmd

import (
	"testing"
)

func TestTypicalMistakesAreSaid(t *testing.T) {
	for name, tc := range map[string]struct {
		file, from, to string
		want           string
	}{
		"a misspelt parameter":               {"data.json", `"always_asked_roles"`, `"always_asked_role"`, ""},
		"a parameter of another type":        {"data.json", `"length": 6`, `"length": "6"`, ""},
		"a parameter out of range":           {"data.json", `"length": 6`, `"length": 4`, ""},
		"data that is no JSON":               {"data.json", `"length": 6,`, `"length": 6`, ""},
		"Rego that does not parse":           {"login/login.rego", `decision := object.union(_terms, _outcome)`, `decision := object.union(_terms, _outcome`, ""},
		"an unused variable":                 {"asked/asked.rego", "two_factor_off if input.settings.two_factor == false", "two_factor_off if {\n\tx := 1\n\tinput.settings.two_factor == false\n}", ""},
		"a misspelt field of the input":      {"asked/asked.rego", "input.account.has_email", "input.account.has_mail", ""},
		"a comparison of different types":    {"asked/asked.rego", "input.settings.two_factor == false", `input.settings.two_factor == "no"`, ""},
		"the clock":                          {"asked/asked.rego", "two_factor_off if input.settings.two_factor == false", "two_factor_off if time.now_ns() < 1", ""},
		"the network":                        {"asked/asked.rego", "two_factor_off if input.settings.two_factor == false", "two_factor_off if http.send({}).status_code == 200", ""},
		"chance":                             {"asked/asked.rego", "two_factor_off if input.settings.two_factor == false", "two_factor_off if rand.intn(\"a\", 2) == 1", ""},
		"no annotation":                      {"console/console.rego", "# schemas:\n#   - input: schema.console\n", "", ""},
		"two rules in conflict":              {"login/login.rego", "_device_age := input.device.age_days if", "_device_age := 1 if input.account.role == \"owner\"\n\n_device_age := input.device.age_days if", ""},
		"a decision that is undefined":       {"login/login.rego", `decision := object.union(_terms, _outcome)`, `decision := object.union(_terms, _outcome) if input.account.role != "supervisor"`, ""},
		"a field of the answer that is none": {"login/login.rego", `"second_step": "remembered"`, `"second_stp": "remembered"`, ""},
		"a word of the answer that is none":  {"login/login.rego", `"action": "challenge", "reason"`, `"action": "chalenge", "reason"`, ""},
		"data that there is not":             {"login/login.rego", "data.parameters.code,", "data.parametres.code,", ""},
		"a test that fails":                  {"login/login.rego", "\tinput.device.channel == channel\n", "", ""},
		"a mask that masks nothing":          {"records/records.rego", `"path": "/input/account/email"`, `"path": "/input/account/emai"`, ""},
		"a mask that is dropped":             {"records/records.rego", `"op": "upsert", "path": "/input/account/email"`, `"op": "none", "path": "/input/account/email"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, "policy", "check", copied(t, tc.file, tc.from, tc.to))
			t.Logf("%v", err)
		})
	}
}
