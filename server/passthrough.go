package server

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/hooks"
)

// PassThrough passes requests on to Kratos' public API, under the origin of the pages, so that Kratos' cookies belong to this origin
// too. It does not pass on requests that would do harm in Kratos.
type PassThrough struct {
	Kratos  *url.URL // URL of Kratos' public API
	Bounds  Bounds
	Proxies Proxies            // as given to [New]
	HTTPS   bool               // browsers reach the listener over HTTPS
	Keys    *challenge.Keyring // sign the client's address
	Now     func() time.Time
	Devices *Devices
	Log     *slog.Logger
}

// publicPaths are the paths of Kratos' public API. The admin API has none of these paths.
var publicPaths = []string{"/self-service/*", "/sessions", "/sessions/*", "/schemas", "/schemas/*", "/.well-known/ory/*"}

// addressHeaders are the headers in which Kratos looks for a client's address, in Kratos' order, and the header of the signature. A
// client can write anything into them, so they are removed from its request.
var addressHeaders = []string{
	hooks.AddressHeader, "Cf-Connecting-Ip", "X-Real-Ip", echo.HeaderXForwardedFor, "Forwarded", hooks.SignatureHeader,
}

// Mount adds the routes to e, which must come from [New].
func (p *PassThrough) Mount(e *echo.Echo) {
	for _, path := range publicPaths {
		e.Any(path, p.HandOn(e))
	}
}

// HandOn passes a request on to Kratos if it is within the bounds. Pages that build a request to Kratos from a request of their own must
// use HandOn too; otherwise such a page would be a way around the bounds. The request must come through e, which must come from [New].
func (p *PassThrough) HandOn(e *echo.Echo) echo.HandlerFunc { return p.within(p.handOn(e.IPExtractor)) }

// handOn sends the request to Kratos. If Kratos does not answer, it returns an error, so that the error handler can show it as a page
// or as JSON.
func (p *PassThrough) handOn(clientAddress echo.IPExtractor) echo.HandlerFunc {
	return func(c echo.Context) (failed error) {
		p.proxy(clientAddress, func(err error) {
			p.Log.ErrorContext(c.Request().Context(), "kratos did not answer", "path", c.Request().URL.Path, "err", err)
			failed = echo.NewHTTPError(http.StatusBadGateway, "The identity provider does not answer. Try again in a while.")
		}).ServeHTTP(c.Response(), c.Request())
		return failed
	}
}

// proxy calls failed if Kratos does not answer. Nothing has been written to the client then.
func (p *PassThrough) proxy(clientAddress echo.IPExtractor, failed func(error)) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.Kratos)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
			p.sayWhere(r, clientAddress(r.In))
		},
		ModifyResponse: p.Devices.set,
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, err error) { failed(err) },
	}
}

// sayWhere puts the client's address into the headers for Kratos, which passes it on to the hook.
func (p *PassThrough) sayWhere(r *httputil.ProxyRequest, clientAddress string) {
	for _, h := range addressHeaders {
		r.Out.Header.Del(h)
	}
	a, err := netip.ParseAddr(clientAddress)
	if err != nil {
		return // the connection is not a TCP connection, so there is no address
	}
	a = a.WithZone("").Unmap()
	r.Out.Header.Set(hooks.AddressHeader, a.String())
	r.Out.Header.Set(echo.HeaderXForwardedFor, a.String())
	if !p.isProxy(a, r.In.RemoteAddr) {
		r.Out.Header.Set(hooks.SignatureHeader, hooks.SignAddress(p.Keys, a, r.In.URL.Query().Get("flow"), p.Now()))
	}
}

// isProxy says whether an address is the address of a proxy. Such an address is not signed: it stands for all clients behind the
// proxy, so all of them would count as clients in the proxy's network. This happens when a proxy does not say for which client it
// sends a request. Over HTTPS, for which this program has no listener, every peer is a proxy, even one that the configuration does
// not name.
func (p *PassThrough) isProxy(a netip.Addr, connection string) bool {
	peer, err := netip.ParseAddrPort(connection)
	return p.Proxies.has(a) || p.HTTPS && (err != nil || !p.Proxies.has(peer.Addr()))
}

// within passes a request on if it is within the bounds and if its path is already clean. Kratos cleans a path before it routes. So a
// path such as /self-service/../admin matches a public route here, but could reach another API there. Such a path is not found.
func (p *PassThrough) within(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if !clean(r.URL) {
			return echo.ErrNotFound
		}
		err := p.Bounds.check(c.Response(), r)
		var refused refusal
		if errors.As(err, &refused) {
			p.Log.WarnContext(r.Context(), "a request was not handed on to Kratos", "path", r.URL.Path, "status", refused.status, "err", err)
			http.Error(c.Response(), refused.says, refused.status)
			return nil
		}
		c.SetRequest(p.Devices.offer(r))
		return next(c)
	}
}

// clean says whether the path stays the same when it is cleaned or unescaped. A slash at the end is allowed; Kratos decides what it
// means.
func clean(u *url.URL) bool {
	slash := ""
	if strings.HasSuffix(u.Path, "/") {
		slash = "/"
	}
	return path.Clean(u.Path)+slash == u.Path && !strings.Contains(u.Path, `\`) && !strings.Contains(strings.ToLower(u.EscapedPath()), "%2f")
}
