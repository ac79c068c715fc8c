// Package console is what administrators see and change, whichever way they come: server/console/pages shows it to people,
// server/console/api to programs, and both do no more than is here.
//
// Whoever asks is told from Kratos by their session (server/session), and what they may is asked of the policies
// (data.nidan.console.decision), both anew for each thing that they do. Every change is on record before it is answered, with
// who made it, from what to what.
//
// Two sets of policies that have decided are compared here, beside sign-ins: [Comparisons] says within which bounds.
//
// Settings, devices and counts are Nidan's own. Accounts are Kratos': of them, only the flag for two-step verification is
// changed here, and only where nobody else has changed it meanwhile.
package console
