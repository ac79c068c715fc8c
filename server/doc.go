// Package server is how Nidan is served: two listeners, the middleware in front of them, health, and Kratos' public API
// under the pages' own origin.
//
// The public listener faces browsers. The hooks' listener faces Kratos and those who watch over Nidan, never the internet.
// What is mounted on either is handed in; the package knows nothing of challenges, policies or the database.
package server
