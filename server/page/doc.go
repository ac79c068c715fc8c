// Package page has what all pages share: their frame and style, the two languages and how one is chosen, the headers that
// forbid foreign content, and the brand. The sign-in pages and the console's are made with it.
//
// It does not know the content of a page.
package page
