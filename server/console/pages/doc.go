// Package pages shows the console to people: rendered here, in Japanese and English, and usable without a mouse and without
// JavaScript.
//
//	GET /console                   how sign-ins went, of a ?period=day, week or month
//	GET /console/settings          two-step verification: the switches; …/edit to change them
//	GET /console/accounts          the accounts; ?edit=1 to switch them
//	GET /console/accounts/:id      one account, its devices and its last records
//	GET /console/me                one's own
//	GET /console/policies          what decides, and what waits for approval; …/difference?from=&to= says how two sets that have decided
//	                               differ
//	GET /console/records           what happened, a sign-in in a row; …/export gives each record, as JSON Lines or as CSV
//
// What changes something is a POST, asks back before it does (「保存しますか?」), and is taken from these pages only: a form
// on another site is refused by its Origin or Sec-Fetch-Site header, whatever cookies come with it. Whoever is not signed in,
// or whose session is not worth the console, is sent to sign in.
//
// The package decides nothing and keeps nothing; that is package console's.
package pages
