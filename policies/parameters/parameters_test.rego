# METADATA
# title: Parameters
# description: |
#   The parameters for the tests of the other packages: a copy of the shipped data.json. With another data.json, a set decides
#   differently, and these tests still pass.
package nidan.parameters_test

shipped := {
	"no_email": "allow",
	"always_asked_roles": [],
	"channels": {
		"admin_console": {
			"name": {"ja": "管理画面", "en": "Web console"},
			"flow_type": "browser",
			"capabilities": ["console"],
			"second_step_on": "this_channel",
			"reason": "console_asks_a_code",
			"order": 1,
		},
		"softphone": {
			"name": {"ja": "ソフトフォン", "en": "Softphone"},
			"flow_type": "api",
			"minimum_version": "3.5.0",
			"capabilities": ["agent"],
			"second_step_on": "any_channel",
			"reason": "softphone_asks_a_code",
			"order": 2,
		},
		"desk_phone": {"name": {"ja": "電話機", "en": "Desk phone"}, "exempt": true, "order": 3},
		"opencti": {"name": {"ja": "OpenCTI", "en": "OpenCTI"}, "exempt": true, "order": 4},
		"webrtc": {"name": {"ja": "WebRTC", "en": "WebRTC"}, "exempt": true, "order": 5},
		"chrome_extension": {"name": {"ja": "Chrome 拡張機能", "en": "Chrome extension"}, "exempt": true, "order": 6},
		"mobile": {"name": {"ja": "モバイル", "en": "Mobile"}, "exempt": true, "order": 7},
	},
	"channel_header": "",
	"plans_without_agent": [
		"business_phone",
	],
	"days_are_counted_as": "24_hours",
	"code": {
		"length": 6,
		"ttl_seconds": 600,
		"max_attempts": 10,
		"resend_after_seconds": 30,
	},
	"limits": {
		"codes": 5,
		"codes_within_seconds": 600,
		"wrong_codes": 100,
		"codes_per_day": 20,
		"wait_doubles_after": 10,
		"reserved_codes_per_day": 10,
		"wrong_code_days": 30,
		"tell_wrong_codes": 3,
	},
	"capabilities_without_second_step": [
		"phonebook",
		"call_history",
	],
	"roles": [
		"owner",
		"system_administrator",
		"supervisor",
		"user",
	],
	"console_role": "system_administrator",
	"custom_may_allow": false,
	"methods": {
		"password": "asked",
		"oidc": "asked",
		"code": "mailed_code",
		"passkey": "strong",
		"webauthn": "strong",
		"totp": "second_factor",
		"lookup_secret": "second_factor",
	},
	"second_step_by": ["email"],
	"second_step_by_of_role": {},
	"enrol_by_email": false,
	"kratos_waits_for_aal2": false,
	"capability_terms": {},
}

# The shipped parameters with some replaced.
but(change) := object.union(object.remove(shipped, object.keys(change)), change)

# The shipped parameters with additions to some channels.
with_channels(more) := object.union(shipped, {"channels": more})

test_a_change_takes_the_place_of_what_ships if {
	but({"channels": {}}).channels == {}
	but({"channels": {}}).roles == shipped.roles
}

test_what_is_said_of_a_channel_is_added_to_what_ships if {
	with_channels({"mobile": {"exempt": false}}).channels.mobile == object.union(shipped.channels.mobile, {"exempt": false})
}
