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

// PassThrough hands Kratos' public API on under the pages' own origin, so that its cookies are theirs too, and keeps requests away
// from it that would do harm there.
type PassThrough struct {
	Kratos  *url.URL // its public API
	Bounds  Bounds
	Proxies Proxies            // as given to [New]
	HTTPS   bool               // browsers reach the listener over HTTPS
	Keys    *challenge.Keyring // sign where a client is
	Now     func() time.Time
	Devices *Devices
	Log     *slog.Logger
}

// publicPaths are those of Kratos' public API. Its admin API has none of them.
var publicPaths = []string{"/self-service/*", "/sessions", "/sessions/*", "/schemas", "/schemas/*", "/.well-known/ory/*"}

// addressHeaders are those in which Kratos looks for a client's address, in its order, and the one that a signature goes into.
// Sent by a client, they are lies.
var addressHeaders = []string{
	hooks.AddressHeader, "Cf-Connecting-Ip", "X-Real-Ip", echo.HeaderXForwardedFor, "Forwarded", hooks.SignatureHeader,
}

// Mount puts the routes on e, which has to be one of [New].
func (p *PassThrough) Mount(e *echo.Echo) {
	for _, path := range publicPaths {
		e.Any(path, p.HandOn(e))
	}
}

// HandOn hands a request on to Kratos, within the bounds. A page that makes a request to Kratos out of one to itself goes this way too:
// otherwise that page would be a way around the bounds. The request has to come through e, which is one of [New].
func (p *PassThrough) HandOn(e *echo.Echo) echo.HandlerFunc { return p.within(p.handOn(e.IPExtractor)) }

// handOn asks Kratos. That Kratos does not answer is an error, for whoever shows errors to say.
func (p *PassThrough) handOn(clientAddress echo.IPExtractor) echo.HandlerFunc {
	return func(c echo.Context) (failed error) {
		p.proxy(clientAddress, func(err error) {
			p.Log.ErrorContext(c.Request().Context(), "kratos did not answer", "path", c.Request().URL.Path, "err", err)
			failed = echo.NewHTTPError(http.StatusBadGateway, "The identity provider does not answer. Try again in a while.")
		}).ServeHTTP(c.Response(), c.Request())
		return failed
	}
}

// proxy says to failed, before anything is answered, that there is no answer.
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

// sayWhere tells Kratos, and by way of it the hook, where the client is.
func (p *PassThrough) sayWhere(r *httputil.ProxyRequest, clientAddress string) {
	for _, h := range addressHeaders {
		r.Out.Header.Del(h)
	}
	a, err := netip.ParseAddr(clientAddress)
	if err != nil {
		return // it did not come by TCP: nobody can say
	}
	a = a.WithZone("").Unmap()
	r.Out.Header.Set(hooks.AddressHeader, a.String())
	r.Out.Header.Set(echo.HeaderXForwardedFor, a.String())
	if !p.isProxy(a, r.In.RemoteAddr) {
		r.Out.Header.Set(hooks.SignatureHeader, hooks.SignAddress(p.Keys, a, r.In.URL.Query().Get("flow"), p.Now()))
	}
}

// isProxy says whether an address is a proxy's own, which is not signed: everybody behind the proxy would pass for somebody in its
// network. A proxy may fail to say for whom it asks. Over HTTPS, for which this program has no listener, whoever connects is a
// proxy, also one that is not among those named.
func (p *PassThrough) isProxy(a netip.Addr, connection string) bool {
	peer, err := netip.ParseAddrPort(connection)
	return p.Proxies.has(a) || p.HTTPS && (err != nil || !p.Proxies.has(peer.Addr()))
}

// within hands on what keeps to the bounds and means the path that was matched: Kratos cleans a path, and a way out of the public
// API, such as /self-service/../admin, is none here either.
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

// clean says whether the path means the same however often it is cleaned or unescaped. A slash at its end is Kratos' to judge.
func clean(u *url.URL) bool {
	slash := ""
	if strings.HasSuffix(u.Path, "/") {
		slash = "/"
	}
	return path.Clean(u.Path)+slash == u.Path && !strings.Contains(u.Path, `\`) && !strings.Contains(strings.ToLower(u.EscapedPath()), "%2f")
}
