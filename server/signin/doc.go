// Package signin holds the pages of a sign-in: Kratos' ui_url, its settings' page and its error page.
//
//	GET /login    account and password, and the code on the same page; or one of Kratos' own second factors (aal2)
//	POST /login   a form of that page, from a browser that runs no script
//	GET /second-factor  where these are enrolled and removed: Kratos' ui_url of settings; only security keys need JavaScript
//	GET /error    where Kratos sends a browser that it cannot help; the same page tells of other troubles (Explain)
//	GET /         who is signed in, until there is something to go to
//	GET /assets/  script and style
//
// The page is rendered here; what happens on it goes between the browser and Kratos (assets/nidan.js, which any page may use), as the flow's JSON.
// Every submission needs the password again, and it is kept nowhere but in the page that it was typed into.
//
// A browser that runs no script is shown other forms on the same page (part_plain.html). They are sent to Nidan, which makes submissions of
// the flow out of them (submit.go) and hands these on as those of any client. What was typed in the first step is kept by the
// browser, in a cookie that only Nidan can read (typed.go). Passkeys and security keys need JavaScript, and the page says so.
//
// The package signs nobody in and decides nothing. It sets the cookie by which a browser can be remembered, because Kratos'
// hooks cannot; the policies decide what the cookie is worth.
package signin
