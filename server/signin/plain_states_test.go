package signin

import (
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"testing"
)

// messageOf returns a message as the hook sends it, with these changes to its challenge.
func messageOf(state, kind string, changes map[string]any) string {
	challenge := map[string]any{
		"id": "c", "sent_to": "a***@example.com", "code_length": 6, "expires_at": "2026-04-01T12:09:59Z", "attempts_left": 9,
		"resend_at": "2026-04-01T12:00:30Z", "remember_days": 30,
	}
	maps.Copy(challenge, changes)
	context := map[string]any{"state": state, "challenge": challenge, "capabilities": []string{}}
	if changes != nil && changes["none"] == true {
		delete(context, "challenge")
	}
	text, _ := changes["text"].(string)
	raw, err := json.Marshal(map[string]any{"id": 1, "text": text, "type": kind, "context": context})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestEachStateWithoutScript(t *testing.T) {
	const code, again, over = `id="code"`, `id="plain-password"`, `id="start-again"`
	none := map[string]any{"none": true}
	for name, tc := range map[string]struct {
		message string
		says    []string
		step    string
	}{
		"code_sent":                {messageOf("code_sent", "info", nil), []string{"a***@example.com 宛に認証コードを送信しました。", "残り9分。", "残り9回。", "あと30秒で"}, code},
		"code_sent, mail waits":    {messageOf("code_sent", "info", map[string]any{"mail": "waiting"}), []string{"まだ送信できていません", "認証コードの宛先"}, code},
		"code_resent":              {messageOf("code_resent", "info", nil), []string{"新しい認証コードを送信しました。"}, code},
		"code_mismatch":            {messageOf("code_mismatch", "error", nil), []string{"認証コードが間違っています。"}, code},
		"code_expired":             {messageOf("code_expired", "error", nil), []string{"有効期限を超過", "この認証コードは利用できません"}, `id="resend"`},
		"code_expired, mail fails": {messageOf("code_expired", "error", map[string]any{"mail": "failed"}), []string{"送信されていません"}, `id="resend"`},
		"attempts_exceeded":        {messageOf("attempts_exceeded", "error", map[string]any{"attempts_left": 0}), []string{"試行回数を超過"}, `id="resend"`},
		"too_many_codes":           {messageOf("too_many_codes", "error", nil), []string{"30秒後に"}, code},
		"too_many_codes, tried":    {messageOf("too_many_codes", "error", map[string]any{"attempts_left": 0}), []string{"この認証コードは利用できません"}, `id="resend"`},
		"too_many_codes, over":     {messageOf("too_many_codes", "error", map[string]any{"expires_at": "2026-04-01T12:00:00Z"}), []string{"この認証コードは利用できません"}, `id="resend"`},
		"too_many_codes, none out": {messageOf("too_many_codes", "error", map[string]any{"none": true, "text": "あと1時間"}), []string{"あと1時間"}, again},
		"cancelled":                {messageOf("cancelled", "info", none), nil, over},
		"sign_in_again":            {messageOf("sign_in_again", "error", map[string]any{"none": true, "text": "本日は休業日です。"}), []string{"本日は休業日です。"}, over},
		"client_too_old":           {messageOf("client_too_old", "error", none), nil, over},
		"refused":                  {messageOf("refused", "error", map[string]any{"none": true, "text": "This account may not sign in. Ask your administrator."}), []string{"このアカウントではログインできません。"}, again},
		"unavailable":              {messageOf("unavailable", "error", none), nil, `id="try-again"`},
		"Kratos' own":              {`{"id": 4000006, "type": "error", "text": "invalid"}`, []string{"アカウントまたはパスワードが間違っています。"}, again},
		"one of Kratos' unknown":   {`{"id": 4999999, "type": "error", "text": "Something new."}`, []string{"Something new."}, again},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, false)
			answer, _ := s.post(first(nil))
			s.message = tc.message
			_, body := s.shows(cookieOf(answer))
			for _, want := range append(tc.says, tc.step, `id="message"`) {
				if !strings.Contains(body, want) {
					t.Errorf("the page lacks %s", want)
				}
			}
			for _, step := range []string{code, again, over} {
				if step != tc.step && strings.Contains(body, step) {
					t.Errorf("the page has %s", step)
				}
			}
			if strings.Contains(body, secret) || strings.Contains(body, url.QueryEscape(secret)) {
				t.Error("the password stands in the page")
			}
			if t.Failed() {
				t.Log(body)
			}
		})
	}
}

func TestWhereOnlyAnotherMethodIsLeftARefusalEndsTheSignIn(t *testing.T) {
	s := newScene(t, false)
	s.message = messageOf("refused", "error", map[string]any{"none": true, "text": "Not by this method."})
	if _, body := s.shows(); !strings.Contains(body, `id="plain-password"`) || strings.Contains(body, `id="start-again"`) {
		t.Error("with a password, the sign-in has ended")
	}
	s.group = "code"
	if _, body := s.shows(); !strings.Contains(body, `id="start-again"`) || !strings.Contains(body, "Not by this method.") {
		t.Errorf("without one, there is no way on:\n%s", body)
	}
}
