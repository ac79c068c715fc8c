// Package brand contains the operator's brand: a name, a logo, a colour, links, and the operator's own texts. It shows people whose
// sign-in this is. The sign-in pages, the console and the mails all use it.
//
// [Load] reads what the configuration names and refuses harmful values: a colour that cannot be read on the pages
// (WCAG 2.2, 1.4.3), a logo that is neither SVG nor PNG, a text with an unknown name, or a text that lacks a value of the original.
// It does so once, at the start: nothing here changes while the program runs.
//
// It is a package of its own because three folders need it, and they may not import each other. It serves nothing and sends nothing.
// The folder example contains the brand of an invented company, for the demo.
package brand
