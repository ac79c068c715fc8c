package hooks

import (
	"net/http"
	"time"

	"nidan/challenge"
)

// DeviceCookie is the name of the cookie with a browser's device token. The sign-in page sets it before the password is submitted, because a
// Kratos hook cannot set cookies. The token has no effect until a right code was entered with "remember".
//
// Over HTTPS the name has the prefix __Host-: browsers then refuse the cookie from any other host (RFC 6265bis, "The __Host- Prefix").
// Plain HTTP is for loopback only.
func DeviceCookie(https bool) string {
	if https {
		return "__Host-nidan_device"
	}
	return "nidan_device"
}

// NextDeviceCookie is the name of the cookie with the browser's next token: from the next right code on, it replaces the present one. Nidan's
// public listener adds it to the request to Kratos, and removes it from what a browser sends.
func NextDeviceCookie(deviceCookie string) string { return deviceCookie + "_next" }

// deviceCookieAge is the longest lifetime of a cookie in browsers (RFC 6265bis §5.5). For how many days a device is remembered is decided at
// each sign-in.
const deviceCookieAge = 400 * 24 * time.Hour

// NewDeviceCookie is the cookie with a device token.
func NewDeviceCookie(https bool, token string) *http.Cookie {
	return &http.Cookie{
		Name: DeviceCookie(https), Value: token, Path: "/", MaxAge: int(deviceCookieAge.Seconds()),
		HttpOnly: true, Secure: https, SameSite: http.SameSiteLaxMode,
	}
}

// deviceToken is the hash of the client's device token; nil: the client has none. A browser's token comes from its HttpOnly cookie only, so
// no script can read or choose it. Any other client sends its token in transient_payload.
func (h *Handler) deviceToken(p payload) []byte {
	if p.Flow.Type == browserFlow {
		return challenge.HashDeviceToken(p.RequestCookies[h.DeviceCookie])
	}
	return challenge.HashDeviceToken(p.Flow.TransientPayload.TwoFactor.DeviceToken)
}

// deviceToRemember is the device to remember if the code is right; nil: the client did not ask for this, or is a browser without the
// cookie. A client that is not a browser uses the token of its challenge from then on.
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

// tokenToShow is the device token for a native client with a challenge; empty for browsers, and if remembering is off.
func (h *Handler) tokenToShow(p payload, c *challenge.Challenge) string {
	if p.Flow.Type != nativeFlow || c == nil || c.RememberDays == 0 {
		return ""
	}
	return h.Challenger.DeviceToken(c.ID)
}
