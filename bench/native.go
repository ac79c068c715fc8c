package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// allowed signs in with the password alone.
func (d *door) allowed(ctx context.Context, i int64) (waited time.Duration, err error) {
	action, err := d.flow(ctx, "", "")
	if err != nil {
		return 0, err
	}
	_, err = d.call(ctx, http.MethodPost, action, "", byPassword(fmt.Sprintf("plain-%d", i%people), ""), http.StatusOK)
	return 0, err
}

// withCode signs in with the password, and then with the password and the code from Nidan's mail. It returns how long it waited for the mail.
func (d *door) withCode(ctx context.Context, i int64) (waited time.Duration, err error) {
	who := fmt.Sprintf("agent-%d", i%people)
	action, err := d.flow(ctx, "", "")
	if err != nil {
		return 0, err
	}
	code, waited, err := d.codeFor(who, func() error {
		_, err := d.call(ctx, http.MethodPost, action, "", byPassword(who, ""), http.StatusBadRequest)
		return err
	})
	if err != nil {
		return 0, err
	}
	_, err = d.call(ctx, http.MethodPost, action, "", byPassword(who, code), http.StatusOK)
	return waited, err
}

// withOwnCode signs in with the password, and raises the session with the code from Kratos' mail. It returns how long it waited for the mail.
func (d *door) withOwnCode(ctx context.Context, i int64) (waited time.Duration, err error) {
	who := fmt.Sprintf("agent-%d", i%people)
	action, err := d.flow(ctx, "", "")
	if err != nil {
		return 0, err
	}
	first, err := d.call(ctx, http.MethodPost, action, "", byPassword(who, ""), http.StatusOK)
	if err != nil {
		return 0, err
	}
	if action, err = d.flow(ctx, "?aal=aal2", first.Token); err != nil {
		return 0, err
	}
	body := object{"method": "code", "address": who + "@example.com"}
	code, waited, err := d.codeFor(who, func() error {
		_, err := d.call(ctx, http.MethodPost, action, first.Token, body, http.StatusBadRequest)
		return err
	})
	if err != nil {
		return 0, err
	}
	body["code"] = code
	second, err := d.call(ctx, http.MethodPost, action, first.Token, body, http.StatusOK)
	if err == nil && second.Session.AAL != "aal2" {
		err = fmt.Errorf("kratos' own code was right, and the session is %q", second.Session.AAL)
	}
	return waited, err
}

func byPassword(who, code string) object {
	twoFactor := object{"client": object{"name": "softphone", "version": "3.5.0"}}
	if code != "" {
		twoFactor["code"] = code
	}
	return object{"method": "password", "identifier": who, "password": password, "transient_payload": object{"two_factor": twoFactor}}
}

// answer contains the parts of Kratos' answers that these sign-ins need.
type answer struct {
	UI      struct{ Action string }
	Token   string `json:"session_token"`
	Session struct {
		AAL string `json:"authenticator_assurance_level"`
	}
}

// flow begins a sign-in, and returns the address to submit it to. With a session token, the flow raises this session.
func (d *door) flow(ctx context.Context, query, token string) (action string, err error) {
	said, err := d.call(ctx, http.MethodGet, "http://"+d.public+"/self-service/login/api"+query, token, nil, http.StatusOK)
	return said.UI.Action, err
}

func (d *door) call(ctx context.Context, method, url, token string, body object, want int) (said answer, err error) {
	var sent []byte
	if body != nil {
		sent = encoded(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(sent))
	if err != nil {
		return said, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if token != "" {
		r.Header.Set("X-Session-Token", token)
	}
	got, err := d.client.Do(r)
	if err != nil {
		return said, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return said, err
	}
	if got.StatusCode != want {
		return said, fmt.Errorf("%s %s answered %s: %.500s", method, url, got.Status, text)
	}
	return said, json.Unmarshal(text, &said)
}
