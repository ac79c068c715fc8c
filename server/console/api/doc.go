// Package api is the console for programs: an HTTP API under /console/api/v1 that offers what administrators can do on the console's
// pages. openapi.yaml describes the API (OpenAPI 3.1), and GET /console/api/v1/openapi.json returns this description. One test
// compares it with the routes, and another one with the answers.
//
// A program is identified by a Kratos session, like a browser: by X-Session-Token or by the cookie. The session must have the
// capability console (design: "what a session is worth"). A session of the softphone does not have it if the console asks for a code.
//
// The package decides nothing and stores nothing; package console does.
package api
