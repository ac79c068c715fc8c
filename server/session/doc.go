// Package session says who sends a request and what the session may do (contract, section 2). Kratos says whose session it is, Nidan's
// records say how the session began, and the policies say what the session may do.
//
// GET /capabilities              all capabilities of the session, for an application
// GET /check?capability=agent    whether the session has one capability, for the forward-auth of a reverse proxy
// POST /check?capability=agent   the same, for a proxy that accepts 200 and not 204 as a permission
//
// If another sign-in, or one with a second factor of Kratos, would give the session a capability that it lacks, the answer says so: for
// clients in WWW-Authenticate (RFC 9470), for browsers in Location. After that sign-in, a browser comes back to the page that it asked
// the proxy for, if the page belongs to an allowed origin.
//
// Each answer about a session has the session's account in X-Nidan-Account. A request with two proofs, which may belong to two people,
// is refused.
//
// It is a package of its own because the console needs the same answer for each of its requests. Nothing is stored between requests:
// Nidan sets no cookie here, and a changed switch counts from the next request on.
package session
