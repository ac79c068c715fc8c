package nidan.records_test

import data.nidan.records

test_the_address_is_not_kept if {
	records.mask == {{"op": "remove", "path": "/input/account/email"}} with input.input.account.email as "a@example.com"
}
