// Package console has everything that administrators see and change: server/console/pages shows it to people, server/console/api
// to programs, and both do no more than this package offers.
//
// For each action, Kratos says by the session who the visitor is (server/session), and the policies say what the visitor may do
// (data.nidan.console.decision). Every change is recorded before it is answered: who made it, the old value and the new value.
//
// Two sets of policies that have decided are compared here, beside sign-ins: [Comparisons] says within which bounds.
//
// Settings, devices and counts are Nidan's own. Accounts are Kratos': of them, only the flag for two-step verification is
// changed here, and only where nobody else has changed it meanwhile.
package console
