// Package server has the HTTP servers: two listeners, their middleware, the health checks, and Kratos' public API under the same
// origin as the pages.
//
// The public listener is for browsers. The hooks' listener is for Kratos and for monitoring, and must not be reachable from the
// internet. Package cmd mounts the handlers on them. This package knows nothing about challenges, policies or the database.
package server
