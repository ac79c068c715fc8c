package server

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/labstack/echo/v4"
)

// PassThrough hands Kratos' public API on under the pages' own origin, so that its cookies are theirs too.
type PassThrough struct {
	Kratos *url.URL // its public API
	Log    *slog.Logger
}

// publicPaths are those of Kratos' public API. Its admin API has none of them.
var publicPaths = []string{"/self-service/*", "/sessions", "/sessions/*", "/schemas", "/schemas/*", "/.well-known/ory/*"}

// clientAddressHeaders are those in which Kratos looks for a client's address, in its order. Sent by a client, they are
// lies: only X-Forwarded-For is set anew here, from the connection.
var clientAddressHeaders = []string{"True-Client-Ip", "Cf-Connecting-Ip", "X-Real-Ip"}

// Mount puts the routes on e.
func (p *PassThrough) Mount(e *echo.Echo) {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.Kratos)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
			for _, h := range clientAddressHeaders {
				r.Out.Header.Del(h)
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			p.Log.ErrorContext(r.Context(), "kratos did not answer", "path", r.URL.Path, "err", err)
			http.Error(w, "The identity provider does not answer. Try again in a while.", http.StatusBadGateway)
		},
	}
	for _, path := range publicPaths {
		e.Any(path, echo.WrapHandler(proxy))
	}
}
