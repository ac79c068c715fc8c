// Package api is the console for programs: what administrators can do on its pages, as an HTTP API under /console/api/v1.
// openapi.yaml describes it (OpenAPI 3.1), and GET /console/api/v1/openapi.json gives that out; a test holds it against the
// routes and another against the answers.
//
// A program is known by a Kratos session, as a browser is: by X-Session-Token or cookie. The session has to be worth the
// console (design: "what a session is worth"): one got through the softphone is not, where the console asks a code.
//
// The package decides nothing and keeps nothing; that is package console's.
package api
