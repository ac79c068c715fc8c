// Package pages shows the console to people. The pages are rendered here, in Japanese and English, and can be used without a mouse and
// without JavaScript.
//
// GET /console                   results of sign-ins in a ?period=day, week or month
// GET /console/settings          two-step verification: the switches; …/edit to change them
// GET /console/accounts          the accounts; ?edit=1 to switch them
// GET /console/accounts/:id      one account, its devices and its last records
// GET /console/me                the visitor's own account
// GET /console/policies          the policies that decide or wait for approval
// GET /console/policies/difference?from=&to=   how two sets of policies that have decided differ
// GET /console/records           the records, one row for each sign-in; …/export returns each record, as JSON Lines or as CSV
//
// Each change is a POST. The page first asks for confirmation (「保存しますか?」). A POST is accepted from these pages only: the Origin
// or Sec-Fetch-Site header of a form on another site is wrong, and the POST is refused, whatever cookies come with it. A visitor who is
// not signed in, or whose session has not the capability console, is sent to sign in.
//
// The package decides nothing and stores nothing; package console does.
package pages
