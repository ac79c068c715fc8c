package server

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"

	"github.com/labstack/echo/v4"
)

// PassThrough hands Kratos' public API on under the pages' own origin, so that its cookies are theirs too, and keeps requests away
// from it that would do harm there.
type PassThrough struct {
	Kratos  *url.URL // its public API
	Bounds  Bounds
	Devices *Devices
	Log     *slog.Logger
}

// publicPaths are those of Kratos' public API. Its admin API has none of them.
var publicPaths = []string{"/self-service/*", "/sessions", "/sessions/*", "/schemas", "/schemas/*", "/.well-known/ory/*"}

// clientAddressHeaders are those in which Kratos looks for a client's address, in its order. Sent by a client, they are
// lies: only X-Forwarded-For is set anew here, from the connection.
var clientAddressHeaders = []string{"True-Client-Ip", "Cf-Connecting-Ip", "X-Real-Ip"}

// Mount puts the routes on e.
func (p *PassThrough) Mount(e *echo.Echo) {
	handler := echo.WrapHandler(p.within(p.proxy()))
	for _, path := range publicPaths {
		e.Any(path, handler)
	}
}

func (p *PassThrough) proxy() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.Kratos)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
			for _, h := range clientAddressHeaders {
				r.Out.Header.Del(h)
			}
		},
		ModifyResponse: p.Devices.set,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			p.Log.ErrorContext(r.Context(), "kratos did not answer", "path", r.URL.Path, "err", err)
			http.Error(w, "The identity provider does not answer. Try again in a while.", http.StatusBadGateway)
		},
	}
}

// within hands on what keeps to the bounds and means the path that was matched: Kratos cleans a path, and a way out of the public
// API, such as /self-service/../admin, is none here either.
func (p *PassThrough) within(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !clean(r.URL) {
			http.NotFound(w, r)
			return
		}
		err := p.Bounds.check(w, r)
		var refused refusal
		if errors.As(err, &refused) {
			p.Log.WarnContext(r.Context(), "a request was not handed on to Kratos", "path", r.URL.Path, "status", refused.status, "err", err)
			http.Error(w, refused.says, refused.status)
			return
		}
		next.ServeHTTP(w, p.Devices.offer(r))
	})
}

// clean says whether the path means the same however often it is cleaned or unescaped. A slash at its end is Kratos' to judge.
func clean(u *url.URL) bool {
	slash := ""
	if strings.HasSuffix(u.Path, "/") {
		slash = "/"
	}
	return path.Clean(u.Path)+slash == u.Path && !strings.Contains(u.Path, `\`) && !strings.Contains(strings.ToLower(u.EscapedPath()), "%2f")
}
