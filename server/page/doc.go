// Package page is what all pages share: their frame and look, the two languages and how one is chosen, and the headers that
// keep anything foreign out, and the brand they are in. The sign-in pages and the console's are made with it.
//
// It knows nothing of what a page says.
package page
