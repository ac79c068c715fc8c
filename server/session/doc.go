// Package session says who a request comes from and what their session is worth (contract, section 2): Kratos says whose it
// is, Nidan's own records how it came to be, and the policies what it may do.
//
//	GET /capabilities              what the session may do, for an application that wants to know
//	GET /check?capability=agent    whether it may do one thing, for the forward-auth of a reverse proxy
//	POST /check?capability=agent   the same, for a proxy that takes 200 and not 204 for leave
//
// Where another sign-in, or one with a second factor of Kratos' own, would earn what a session lacks, the answer says so: to a client in
// WWW-Authenticate (RFC 9470), to a browser in Location. A browser comes back to the page that the proxy says it asked for, if that page
// belongs to an origin that is allowed.
//
// Each answer about a session names the account whose session it is in X-Nidan-Account. A request that contains two proofs, perhaps of
// two people, is refused.
//
// It is a folder of its own because the console asks the same question on every request. Nothing is stored between requests:
// Nidan sets no cookie here, and a switch that is set applies from the next request on.
package session
