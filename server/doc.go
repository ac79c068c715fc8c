// Package server has the HTTP servers: two listeners, their middleware, the health checks, and Kratos' public API
// under the same origin as the pages.
//
// The public listener faces browsers. The hooks' listener faces Kratos and those who watch over Nidan, never the internet.
// Package cmd mounts the handlers on them; this package knows nothing of challenges, policies or the database.
package server
