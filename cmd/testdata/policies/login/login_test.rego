package nidan.login_test

import data.nidan.login

_asked := {
	"settings": {"two_factor": true, "remember_days": 30},
	"account": {"locked": false, "has_email": true, "two_factor": true, "role": "user"},
	"device": {"known": false, "age_days": 0},
}

test_outcome[name] if {
	some name, tc in {
		"asked": {"change": [], "reason": "code_required"},
		"locked": {"change": [{"op": "replace", "path": "account/locked", "value": true}], "reason": "account_locked"},
		"off": {"change": [{"op": "replace", "path": "settings/two_factor", "value": false}], "reason": "two_factor_off"},
		"no address": {"change": [{"op": "replace", "path": "account/has_email", "value": false}], "reason": "no_email"},
		"not wanted": {"change": [{"op": "replace", "path": "account/two_factor", "value": false}], "reason": "account_off"},
		"remembered": {"change": [{"op": "replace", "path": "device/known", "value": true}], "reason": "device_remembered"},
	}
	login.decision.reason == tc.reason with input as json.patch(_asked, tc.change)
}
