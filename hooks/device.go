package hooks

import (
	"net/http"
	"time"

	"nidan/challenge"
)

// DeviceCookie is the name of the cookie by which a browser is known again. A sign-in page sets it before a password is
// submitted, because a hook cannot; it is worth nothing until a right code came with the wish to be remembered.
//
// Over HTTPS its name has the prefix by which browsers see to it that no other host of the domain can plant one
// (RFC 6265bis, "The __Host- Prefix"). Plain HTTP is for loopback only.
func DeviceCookie(https bool) string {
	if https {
		return "__Host-nidan_device"
	}
	return "nidan_device"
}

// NextDeviceCookie is the name of the cookie in which the hook is told by what token a browser is to be known from the next right
// code on. It comes from Nidan's own listener, which takes it out of what a browser sends.
func NextDeviceCookie(deviceCookie string) string { return deviceCookie + "_next" }

// deviceCookieAge is as long as browsers keep a cookie (RFC 6265bis §5.5). How long a device is remembered is decided at each
// sign-in, and is less.
const deviceCookieAge = 400 * 24 * time.Hour

// NewDeviceCookie is the cookie with a token, for a browser.
func NewDeviceCookie(https bool, token string) *http.Cookie {
	return &http.Cookie{
		Name: DeviceCookie(https), Value: token, Path: "/", MaxAge: int(deviceCookieAge.Seconds()),
		HttpOnly: true, Secure: https, SameSite: http.SameSiteLaxMode,
	}
}

// deviceToken is what the client can be known by, hashed; nil where there is nothing. A browser is known by its cookie and by
// nothing that a script could read, any other client by the token it was given.
func (h *Handler) deviceToken(p payload) []byte {
	if p.Flow.Type == browserFlow {
		return challenge.HashDeviceToken(p.RequestCookies[h.DeviceCookie])
	}
	return challenge.HashDeviceToken(p.Flow.TransientPayload.TwoFactor.DeviceToken)
}

// deviceToRemember is what is to be kept if the code is right; nil where the client does not ask for it, or is a browser
// without the cookie. What is not a browser is known by the token of its challenge from then on.
func (h *Handler) deviceToRemember(c call) *challenge.Device {
	p := c.payload
	if !p.Flow.TransientPayload.TwoFactor.Remember {
		return nil
	}
	d := &challenge.Device{IP: c.from.ip, UserAgent: p.Session.device().UserAgent}
	if p.Flow.Type != browserFlow {
		return d
	}
	d.TokenHash = h.deviceToken(p)
	if next := challenge.HashDeviceToken(p.RequestCookies[NextDeviceCookie(h.DeviceCookie)]); next != nil {
		d.TokenHash, d.Replaces = next, d.TokenHash
	}
	if d.TokenHash == nil {
		return nil
	}
	return d
}

// tokenToShow is the token that goes to a native client with its challenge: to no other, and only where remembering is on.
func (h *Handler) tokenToShow(p payload, c *challenge.Challenge) string {
	if p.Flow.Type != nativeFlow || c == nil || c.RememberDays == 0 {
		return ""
	}
	return h.Challenger.DeviceToken(c.ID)
}
