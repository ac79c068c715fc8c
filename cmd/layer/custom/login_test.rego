package custom.login_test

import data.custom.login

test_a_closed_account_is_refused if {
	some outcome in login.refuse with input as {"account": {"name": "mallory"}}
		with data.custom.closed_accounts as ["mallory"]
	outcome.reason == "account_closed"
}

test_nobody_else_is_refused if {
	count(login.refuse) == 0 with input as {"account": {"name": "alice"}}
		with data.custom.closed_accounts as ["mallory"]
}
