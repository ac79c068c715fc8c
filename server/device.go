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

// Devices renews the token by which a browser is known, each time that a code passes. Somebody may have put a token that they know
// into another person's browser; remembered, that browser's next token would let them in with the password alone.
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

// nextToken is the key of a request's context under which the token stands.
type nextToken struct{}

// offer gives a browser's sign-in a token to be known by from then on. A browser that has none yet is left without, and so is a
// native client: Kratos takes no cookies from it.
func (d *Devices) offer(r *http.Request) *http.Request {
	name := hooks.DeviceCookie(d.HTTPS)
	next := hooks.NextDeviceCookie(name)
	removeCookie(r.Header, next)
	if _, err := r.Cookie(name); err != nil || r.Method != http.MethodPost || r.URL.Path != "/self-service/login" {
		return r
	}
	token, err := challenge.NewDeviceToken(d.Rand)
	if err != nil {
		d.Log.ErrorContext(r.Context(), "a browser keeps its token", "err", err)
		return r
	}
	r = r.WithContext(context.WithValue(r.Context(), nextToken{}, token))
	r.AddCookie(&http.Cookie{Name: next, Value: token})
	return r
}

// set gives the browser the token that was offered, if a device is now remembered by it.
func (d *Devices) set(answer *http.Response) error {
	ctx := answer.Request.Context()
	token, offered := ctx.Value(nextToken{}).(string)
	if !offered {
		return nil
	}
	remembered, err := d.Remembered(ctx, challenge.HashDeviceToken(token))
	if err != nil {
		d.Log.ErrorContext(ctx, "a browser that was remembered will not be known again", "err", err)
	}
	if remembered {
		answer.Header.Add("Set-Cookie", hooks.NewDeviceCookie(d.HTTPS, token).String())
	}
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
