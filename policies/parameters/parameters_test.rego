# METADATA
# title: Parameters
# description: |
#   What the tests of the other packages go by: data.json as it ships. A set with another data.json decides otherwise, and its
#   rules still hold.
package nidan.parameters_test

shipped := {
	"no_email": "allow",
	"always_asked_roles": [],
	"exempt_channels": [
		"desk_phone",
		"opencti",
		"webrtc",
		"chrome_extension",
		"mobile",
	],
	"channel_header": "",
	"channel_of_oauth2_client": {},
	"plans_without_agent": [
		"business_phone",
	],
	"minimum_versions": {
		"softphone": "3.5.0",
	},
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

# The parameters, but for some.
but(change) := object.union(object.remove(shipped, object.keys(change)), change)

test_a_change_takes_the_place_of_what_ships if {
	but({"minimum_versions": {}}).minimum_versions == {}
	but({"minimum_versions": {}}).roles == shipped.roles
}
