package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"nidan/challenge"
	"nidan/hooks"
)

// Devices gives a browser a token to be known by when a sign-in begins, whatever page the sign-in is on, and renews the token each
// time that a code passes. Somebody may have put a token that they know into another person's browser; remembered, that token would
// let them in with the password alone.
//
// A hook cannot set a cookie. So a token is drawn before the sign-in, goes to the hook as a cookie of its own, and to the browser
// once it is found to be remembered. All fields are needed.
type Devices struct {
	// Remembered says whether any account is remembered by a token (challenge.HashDeviceToken).
	Remembered func(ctx context.Context, tokenHash []byte) (bool, error)
	HTTPS      bool // browsers reach Nidan over HTTPS
	Rand       io.Reader
	Log        *slog.Logger
}

// The keys of a request's context under which tokens stand.
type (
	nextToken  struct{} // to be known by once a code has passed
	firstToken struct{} // to be known by from the beginning of a sign-in
)

// offer gives a browser's sign-in a token to be known by from then on. A browser that has none yet is left without, and so is a
// native client: Kratos takes no cookies from it.
func (d *Devices) offer(r *http.Request) *http.Request {
	name := hooks.DeviceCookie(d.HTTPS)
	next := hooks.NextDeviceCookie(name)
	removeCookie(r.Header, next)
	known, err := r.Cookie(name)
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/self-service/login" && err == nil:
		token, r := d.draw(r, nextToken{})
		r.AddCookie(&http.Cookie{Name: next, Value: token})
		return r
	case r.Method == http.MethodGet && r.URL.Path == "/self-service/login/browser" && (err != nil || !d.remembered(r.Context(), known.Value)):
		_, r := d.draw(r, firstToken{})
		return r
	}
	return r
}

// draw puts a new token into a request's context. A source of randomness that fails leaves an empty one, by which nobody is known.
func (d *Devices) draw(r *http.Request, key any) (string, *http.Request) {
	token, err := challenge.NewDeviceToken(d.Rand)
	if err != nil {
		d.Log.ErrorContext(r.Context(), "a browser gets no token to be known by", "err", err)
		return "", r
	}
	return token, r.WithContext(context.WithValue(r.Context(), key, token))
}

func (d *Devices) remembered(ctx context.Context, token string) bool {
	found, err := d.Remembered(ctx, challenge.HashDeviceToken(token))
	if err != nil {
		d.Log.ErrorContext(ctx, "whether a device is remembered cannot be told", "err", err)
	}
	return found || err != nil
}

// set gives the browser the token that was offered, if a device is now remembered by it.
func (d *Devices) set(answer *http.Response) error {
	ctx := answer.Request.Context()
	token, first := ctx.Value(firstToken{}).(string)
	if !first {
		var offered bool
		if token, offered = ctx.Value(nextToken{}).(string); !offered {
			return nil
		}
		found, err := d.Remembered(ctx, challenge.HashDeviceToken(token))
		if err != nil {
			d.Log.ErrorContext(ctx, "a browser that was remembered will not be known again", "err", err)
		}
		if !found {
			return nil
		}
	}
	answer.Header.Add("Set-Cookie", hooks.NewDeviceCookie(d.HTTPS, token).String())
	return nil
}

// removeCookie takes a cookie out of a request, and leaves the others as they are.
func removeCookie(h http.Header, name string) {
	for i, line := range h["Cookie"] {
		var kept []string
		for part := range strings.SplitSeq(line, ";") {
			if key, _, _ := strings.Cut(part, "="); strings.TrimSpace(key) != name {
				kept = append(kept, part)
			}
		}
		h["Cookie"][i] = strings.Join(kept, ";")
	}
}
