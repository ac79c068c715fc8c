package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/hooks"
)

// token is Kratos' bearer token.
const token = "hook-token-hook-token-hook-token-1"

// post makes a call as Kratos does.
func post(ctx context.Context, hook *echo.Echo, path string, body []byte) (answer, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	hook.ServeHTTP(w, r)
	return read(w)
}

// read reads an answer as Kratos does.
func read(w *httptest.ResponseRecorder) (answer, error) {
	if w.Code == http.StatusNoContent {
		return answer{state: "passed"}, nil
	}
	var b struct {
		Messages []struct {
			Messages []struct {
				Context struct {
					State     string
					Challenge struct {
						ID     string
						Left   int       `json:"attempts_left"`
						Ends   time.Time `json:"expires_at"`
						Resend time.Time `json:"resend_at"`
					}
				}
			}
		}
	}
	err := json.Unmarshal(w.Body.Bytes(), &b)
	if err != nil || w.Code != http.StatusBadRequest || len(b.Messages) == 0 || len(b.Messages[0].Messages) != 1 {
		return answer{}, fmt.Errorf("answered %d %s, which Kratos would not understand: %w", w.Code, w.Body, err)
	}
	said := b.Messages[0].Messages[0].Context
	out := answer{state: said.State, challenge: said.Challenge.ID, left: said.Challenge.Left}
	if out.challenge != "" {
		out.ends, out.resend = said.Challenge.Ends.UnixMicro(), said.Challenge.Resend.UnixMicro()
	}
	return out, nil
}

type object = map[string]any

// body is a call as Kratos makes it.
func body(keys *challenge.Keyring, of call) []byte {
	second := object{
		"client": object{"name": "softphone", "version": "3.5.0"},
		"code":   of.code, "action": of.action, "remember": of.remember,
	}
	b := object{
		"flow": object{"id": of.flow, "type": "api", "transient_payload": object{"two_factor": second}},
		"identity": object{
			"id": of.account, "state": "active",
			"traits": object{"account": of.account, "email": of.who.email},
			"metadata_public": object{
				"role": of.who.role, "two_factor": object{"enabled": of.who.flag}, "locked": of.who.locked,
			},
		},
	}
	if of.channel == "admin_console" {
		b["flow"].(object)["type"] = "browser"
		b["request_cookies"] = object{hooks.DeviceCookie(false): real(keys, of.token)}
	} else {
		second["device_token"] = real(keys, of.token)
	}
	if of.begun != 0 {
		b["session"] = object{"authenticated_at": time.UnixMicro(of.begun).UTC().Format(time.RFC3339Nano)}
	}
	raw, err := json.Marshal(b)
	if err != nil {
		panic(err) // cannot happen: the body is made of strings and booleans
	}
	return raw
}

// real is the device token for a token of the model, which names it by its challenge.
func real(keys *challenge.Keyring, token string) string {
	id, native := strings.CutPrefix(token, given(""))
	if !native {
		return token
	}
	return (&challenge.Challenger{Keys: keys}).DeviceToken(id)
}
