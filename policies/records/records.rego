# METADATA
# title: Records
# description: |
#   What of a sign-in is not kept. Records and the decision log hold the whole input and the decision, so that a sign-in can be
#   decided again under other policies; what these do not need to know, and others should not, is taken out before.
# schemas:
#   - input: schema.record
package nidan.records

# METADATA
# title: Mask
# description: |
#   As for OPA's own decision log: "upsert" puts another value in the place of one, "remove" takes it out. Paths begin with
#   /input or /result.
# entrypoint: true
mask contains {"op": "upsert", "path": "/input/account/email", "value": _shortened(input.input.account.email)} if {
	input.input.account.email != ""
}

# Some applications hand tokens over in the address they come back to. One that carries nothing is kept as it is: what is masked cannot be
# decided again.
mask contains {"op": "upsert", "path": "/input/request/return_to", "value": kept} if {
	kept := _without_query(input.input.request.return_to)
	kept != input.input.request.return_to
}

# "s***@example.com" for "supervisor@example.com". What is no address goes altogether.
_shortened(address) := concat("", [substring(address, 0, 1), "***@", domain]) if {
	[_, domain] := split(address, "@")
} else := "***"

_without_query(address) := split(split(address, "?")[0], "#")[0]
