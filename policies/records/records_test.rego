package nidan.records_test

import data.nidan.records

# What is kept of an address, by the address in the sign-in.
_addresses := {
	"supervisor@example.com": "s***@example.com",
	"s@example.com": "s***@example.com",
	"two@at@example.com": "***",
	"none": "***",
}

test_an_address_is_kept_shortened[address] if {
	some address, kept in _addresses
	records.mask == {{"op": "upsert", "path": "/input/account/email", "value": kept}} with input as {"input": {
		"account": {"email": address},
		"request": {"return_to": ""},
	}}
}

_returns := {
	"https://app.example.com/?token=secret": "https://app.example.com/",
	"https://app.example.com/#token=secret": "https://app.example.com/",
	"/#a?b": "/",
}

test_where_a_browser_goes_is_kept_without_what_it_carries[address] if {
	some address, kept in _returns
	records.mask == {{"op": "upsert", "path": "/input/request/return_to", "value": kept}} with input as {"input": {
		"account": {"email": ""},
		"request": {"return_to": address},
	}}
}

test_what_is_not_there_is_not_masked if {
	records.mask == set() with input as {"input": {"account": {"email": ""}, "request": {"return_to": "https://app.example.com/inbox"}}}
	records.mask == set() with input as {"input": {"account": {"email": ""}, "request": {"return_to": ""}}}
}
