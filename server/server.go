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

// drainWithin bounds how long requests under way may take once the server is told to stop. A sign-in takes Kratos a second or two to
// check the password, and a call to the hook is answered in five.
const drainWithin = 10 * time.Second

// errCutOff is the error of a server that was stopped while requests did not end.
var errCutOff = errors.New("requests under way were cut off")

// New returns an Echo without routes, with what every listener needs: a panic ends its request only, each request has an id, every answer
// tells browsers to guess nothing and to be framed by nobody, and where a request comes from is asked of nobody but the proxies in front.
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

// maxHeaderBytes bounds what is read of a request before any of it is looked at. Who sends more is told 431.
const maxHeaderBytes = 32 << 10

// Serve answers requests on l until ctx ends, then lets those under way finish, and cuts off those that do not in time. A connection
// on which nothing is under way is closed at once. The time limits are for clients that send or read too slowly to mean well.
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
	if stop() { // ctx has not ended: it failed by itself
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
