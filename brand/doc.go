// Package brand is what people see of whose sign-in this is: a name, a logo, a colour, links, and texts in the operator's own
// words. The sign-in pages, the console and the mails all take it from here.
//
// [Load] reads what the configuration names and refuses what would do harm: a colour that cannot be read on the pages
// (WCAG 2.2, 1.4.3), a logo that is neither SVG nor PNG, a text for which there is no place or that lacks what is put into it.
// It does so once, at the start: nothing here changes while the program runs.
//
// The package stands apart because three folders that may not import each other need it. It serves nothing and sends nothing.
// The folder example holds a brand of a company that does not exist, for the demo.
package brand
