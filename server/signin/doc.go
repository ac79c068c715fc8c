// Package signin has the pages of a sign-in: Kratos' ui_url for login and for settings, and its error page.
//
// GET /login    account and password, and the code on the same page; or one of Kratos' own second factors (aal2)
// POST /login   a form of that page, from a browser that runs no script
// GET /second-factor  enrols and removes second factors: Kratos' ui_url of settings; only security keys need JavaScript
// GET /error    Kratos sends a browser here when it cannot help; the same page shows other errors (Explain)
// GET /         who is signed in, if there is no application to go to
// GET /assets/  scripts and styles
//
// Nidan renders the page. Then the page's script (assets/nidan.js, which any page may use) and Kratos exchange the flow as JSON. Each
// submission needs the password again. The script keeps it only in the page into which it was typed.
//
// A browser that runs no script shows other forms on the same page (part_plain.html). It sends them to Nidan, which makes submissions of
// the flow from them (submit.go), and passes these on to Kratos like the submissions of any other client. The browser keeps the values
// of the first step in a cookie that only Nidan can decrypt (typed.go). Passkeys and security keys need JavaScript, and the page says so.
//
// The package signs nobody in and decides nothing. It sets the cookie by which a device can be remembered, because Kratos' hooks
// cannot set cookies. The policies decide what the cookie is worth.
package signin
