package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// drainWithin is how long running requests may take after the server was told to stop. Kratos needs a second or two to check a
// password, and a call to the hook is answered within five seconds.
const drainWithin = 10 * time.Second

// errCutOff is the error of a server that had to close connections because requests did not end in time.
var errCutOff = errors.New("requests under way were cut off")

// New returns an Echo without routes, with the middleware that every listener needs: a panic ends only its own request; each request
// has an ID; browsers may not guess content types or show a page in a frame; and the client's address is taken only from the proxies
// in front.
func New(log *slog.Logger, proxies Proxies) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = proxies.clientAddress()
	e.Use(named)
	e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{
		LogErrorFunc: func(c echo.Context, err error, stack []byte) error {
			log.ErrorContext(c.Request().Context(), "a request ended in a panic", "path", c.Path(), "err", err, "stack", string(stack))
			return err
		},
	}))
	e.Use(middleware.SecureWithConfig(middleware.SecureConfig{
		ContentTypeNosniff: "nosniff", XFrameOptions: "DENY", ReferrerPolicy: "same-origin",
	}))
	return e
}

// maxHeaderBytes is the maximum number of bytes of headers that are read. A client that sends more gets the status 431.
const maxHeaderBytes = 32 << 10

// Serve answers requests on l until ctx ends. Then it waits until the running requests have ended, closes their connections if they
// do not end in time, and closes idle connections at once. The timeouts are for clients that send or read so slowly that it is
// probably an attack.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    maxHeaderBytes,
	}
	drained := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
		defer cancel()
		drained <- s.Shutdown(ctx)
	})
	err := s.Serve(l)
	if stop() { // ctx has not ended: Serve itself failed
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	err = <-drained
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(errCutOff, s.Close())
	}
	if err != nil {
		return fmt.Errorf("stop serving %s: %w", l.Addr(), err)
	}
	return nil
}
