package nidan.asked_test

import data.nidan.asked
import data.nidan.parameters_test as parameters

# An account that is asked on every channel. Each case changes some of these facts.
_asked := {
	"settings": {"two_factor": true, "channels": {"admin_console": true, "softphone": true}},
	"account": {"role": "user", "has_email": true, "two_factor": true, "plan": ""},
}

_cases := {
	"an account with its flag on is asked on every channel": {
		"change": {},
		"asked_on": {"admin_console", "softphone", "unknown"},
	},
	"nobody is asked while two-step verification is off": {
		"change": {"settings": {"two_factor": false}},
		"asked_on": set(),
	},
	"with the console off, the softphone is asked, and what cannot be told": {
		"change": {"settings": {"channels": {"admin_console": false}}},
		"asked_on": {"softphone", "unknown"},
	},
	"with the softphone off, the console is asked, and what cannot be told": {
		"change": {"settings": {"channels": {"softphone": false}}},
		"asked_on": {"admin_console", "unknown"},
	},
	"with both off, nobody is asked": {
		"change": {"settings": {"channels": {"admin_console": false, "softphone": false}}},
		"asked_on": set(),
	},
	"an account without an address is not asked": {
		"change": {"account": {"has_email": false}},
		"asked_on": set(),
	},
	"an account with its flag off is not asked": {
		"change": {"account": {"two_factor": false}},
		"asked_on": set(),
	},
	"a plan without the agent's function is not asked on the softphone": {
		"change": {"account": {"plan": "business_phone"}},
		"asked_on": {"admin_console", "unknown"},
	},
	"with nothing known, everybody is asked": {
		"change": null,
		"asked_on": {"admin_console", "softphone", "unknown"},
	},
}

_input(change) := object.union(_asked, change) if change != null

_input(null) := {}

test_who_is_asked[name] if {
	some name, tc in _cases
	on := {channel |
		some channel in ["admin_console", "softphone", "unknown"]
		asked.code(channel) with input as _input(tc.change)
			with data.parameters as parameters.shipped
	}
	on == tc.asked_on
}

test_an_account_without_an_address_counts_as_asked_where_it_is_refused if {
	asked.code("softphone") with input as _input({"account": {"has_email": false}})
		with data.parameters as parameters.but({"no_email": "refuse"})
}
