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

// Devices gives a browser the token by which its device can be remembered, when a sign-in begins, on any page. It replaces the token
// each time that a code is accepted. Otherwise an attacker could put a token that they know into another person's browser. Once this
// token is remembered, the attacker gets in with the password alone.
//
// A Kratos hook cannot set a cookie. So Devices makes a token before the submission, sends it to the hook in a cookie of its own, and
// sets it in the browser if the hook has remembered it. All fields are needed.
type Devices struct {
	// Remembered says whether the device with this token is remembered for any account (challenge.HashDeviceToken).
	Remembered func(ctx context.Context, tokenHash []byte) (bool, error)
	HTTPS      bool // browsers reach Nidan over HTTPS
	Rand       io.Reader
	Log        *slog.Logger
}

// The keys of the tokens in a request's context.
type (
	nextToken  struct{} // the token that replaces the current one when a code is accepted
	firstToken struct{} // the token that is set when a sign-in begins
)

// offer makes a new token for a request. When a login flow is submitted, and the browser has a token, offer sends the new token to
// the hook. When a browser begins a login flow without a token, or with a token that is not remembered, the browser gets the new
// token with the answer. A native client gets no token here, because Kratos accepts no cookies from it.
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

// draw puts a new token into a request's context. If the source of randomness fails, the token is empty, and no device is remembered
// by it.
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

// set sets the cookie with the new token, if it is the first token of a sign-in or if the hook has remembered it.
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

// removeCookie removes a cookie from a request. It does not change the other cookies.
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
