// Package page has the parts that all pages share: their frame and style, the two languages and how one of them is chosen, the
// headers that forbid content from other sites, and the brand. The sign-in pages and the console's pages use it.
//
// The package does not know the content of a page.
package page
