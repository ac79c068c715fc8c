// Package console has everything that administrators can see and change. Package server/console/pages shows it to people, and package
// server/console/api to programs. Neither offers more than this package.
//
// For each action, Kratos says whose session it is (server/session), and the policies say what the visitor may do
// (data.nidan.console.decision). Every change is recorded before the answer is sent: who made it, the old value and the new value.
//
// The package also compares two sets of policies that have decided, while people sign in: [Comparisons] has the limits.
//
// Settings, devices and counts are Nidan's own. Accounts are in Kratos. The console changes only their flag for two-step
// verification, and only if nobody else has changed it meanwhile.
package console
