// Package brand holds what shows people whose sign-in this is: a name, a logo, a colour, links, and the operator's own texts.
// The sign-in pages, the console and the mails all use it.
//
// [Load] reads what the configuration names and refuses harmful values: a colour that cannot be read on the pages
// (WCAG 2.2, 1.4.3), a logo that is neither SVG nor PNG, a text with an unknown name, or a text that does not mention what it must.
// It does so once, at the start: nothing here changes while the program runs.
//
// The package stands apart because three folders that may not import each other need it. It serves nothing and sends nothing.
// The folder example holds a brand of a company that does not exist, for the demo.
package brand
