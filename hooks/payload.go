package hooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"nidan/challenge"
	"nidan/kratos"
)

// maxBody is the largest accepted body in bytes. Kratos' whole context has a few kilobytes.
const maxBody = 256 << 10

// payload is the decoded body of a call. It fits the body that ships (kratos/after-password.jsonnet), and Kratos' whole context (ctx),
// which has the same fields.
type payload struct {
	Flow           flow            `json:"flow"`
	Identity       kratos.Identity `json:"identity"`
	Session        session         `json:"session"`
	RequestHeaders http.Header     `json:"request_headers"`
	// RequestCookies are the cookies of the client's request to Kratos. Nidan reads the values of its device cookies only.
	RequestCookies map[string]string `json:"request_cookies"`
}

// The types of a flow, in Kratos' words.
const (
	browserFlow = "browser"
	nativeFlow  = "api"
)

type flow struct {
	ID           string `json:"id"`
	Type         string `json:"type"`
	ReturnTo     string `json:"return_to"`
	RequestURL   string `json:"request_url"`
	RequestedAAL string `json:"requested_aal"`
	Refresh      bool   `json:"refresh"`
	// Identity is the account before a change. Only settings flows have it. The account after the change is payload.Identity.
	Identity *kratos.Identity `json:"identity"`
	OAuth2   struct {
		Client struct {
			ID string `json:"client_id"`
		} `json:"client"`
	} `json:"oauth2_login_request"`
	// OAuth2Challenge is the beginning of Hydra's challenge; empty: the sign-in is not for an OAuth2 client.
	OAuth2Challenge  string `json:"oauth2_login_challenge"`
	TransientPayload struct {
		TwoFactor twoFactor `json:"two_factor"`
	} `json:"transient_payload"`
}

// twoFactor is transient_payload.two_factor. A client can write anything there.
type twoFactor struct {
	Code        string `json:"code"`
	Action      string `json:"action"`
	Remember    bool   `json:"remember"`
	DeviceToken string `json:"device_token"`
	Client      struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"client"`
	Locale string `json:"locale"`
}

type session struct {
	// AuthenticatedAt is the text as Kratos sent it. It is new for each submission, and the same in repeats of a call.
	AuthenticatedAt string    `json:"authenticated_at"`
	at              time.Time // AuthenticatedAt, parsed; zero: it is absent
	Devices         []device  `json:"devices"`
	// Steps are the authentication methods that the session has completed, this sign-in's last. A session that is refreshed or raised to aal2
	// has its earlier methods before. Nil: the body has no such field, like bodies that were configured for earlier versions of Nidan.
	Steps []kratos.Step `json:"authentication_methods"`
	Level string        `json:"authenticator_assurance_level"`
}

// The methods that this package compares with.
const (
	passwordMethod = "password"
	unknownMethod  = "unknown" // Kratos names none
)

// method is the method of this sign-in: the last one that Kratos accepted. A client cannot write it.
func (s session) method() string {
	if s.Steps == nil {
		return passwordMethod
	}
	if n := len(s.Steps); n > 0 && s.Steps[n-1].Method != "" {
		return s.Steps[n-1].Method
	}
	return unknownMethod
}

func (s session) aal() kratos.AAL { return kratos.AALOf(s.Level, s.Steps) }

type device struct {
	IPAddress string `json:"ip_address"`
	UserAgent string `json:"user_agent"`
}

// device is the device of this sign-in: the last one. A session that is refreshed has the devices of earlier sign-ins before. Their address
// must not be used: the person who holds the session now may be somewhere else.
func (s session) device() device {
	if len(s.Devices) == 0 {
		return device{}
	}
	return s.Devices[len(s.Devices)-1]
}

// unwrap returns the JSON of a call: the field ctx of a form, or the whole body for any other content type. kratos/kratos.yml says why
// Kratos sends a form.
func unwrap(contentType string, body []byte) ([]byte, error) {
	if media, _, _ := mime.ParseMediaType(contentType); media != "application/x-www-form-urlencoded" {
		return body, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errors.New("the body is not a form")
	}
	if len(form["ctx"]) != 1 {
		return nil, errors.New("the form does not have the field ctx once")
	}
	return []byte(form.Get("ctx")), nil
}

// decode decodes the JSON of a call. With an error, the payload is empty, so that nobody acts on a part of a call. The error names the field
// and never repeats its value.
func decode(body []byte) (payload, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	var p payload
	if err := dec.Decode(&p); err != nil {
		return payload{}, describe(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return payload{}, errors.New("the body goes on after its JSON object")
	}
	if said := p.Session.AuthenticatedAt; said != "" {
		at, err := time.Parse(time.RFC3339Nano, said)
		if err != nil {
			return payload{}, errors.New("session.authenticated_at is not a time (RFC 3339)")
		}
		p.Session.at = at
	}
	switch {
	case p.Flow.ID == "":
		return payload{}, errors.New("flow.id is missing")
	case p.Identity.ID == "":
		return payload{}, errors.New("identity.id is missing")
	}
	switch challenge.Action(p.Flow.TransientPayload.TwoFactor.Action) {
	case challenge.ActionNone, challenge.ActionResend, challenge.ActionCancel:
		return p, nil
	}
	return payload{}, errors.New("flow.transient_payload.two_factor.action is neither resend nor cancel")
}

func describe(err error) error {
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return fmt.Errorf("%s has the wrong type (%s)", wrongType.Field, jsonKind(wrongType.Value))
	case errors.As(err, &wrongType):
		return errors.New("the body is not a JSON object")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the body ends before its JSON does")
	}
	return errors.New("the body is not valid JSON")
}

// jsonKind is the first word of UnmarshalTypeError.Value. For a number, the rest is the number itself.
func jsonKind(value string) string {
	kind, _, _ := bytes.Cut([]byte(value), []byte(" "))
	return string(kind)
}

// deliveryKey is the key of a call; a repeat has the same key. Newer versions of Kratos send Ory-Webhook-Trigger-Id. For older versions, the
// key is the time at which Kratos accepted the password, with the flow. The time comes first because growing keys are inserted faster into
// the index.
func deliveryKey(header http.Header, p payload) (string, error) {
	if id := header.Get("Ory-Webhook-Trigger-Id"); id != "" {
		return "trigger " + id, nil
	}
	if p.Session.AuthenticatedAt == "" {
		return "", errors.New("session.authenticated_at is missing")
	}
	return p.Session.AuthenticatedAt + " " + p.Flow.ID, nil
}

// unknownOAuth2Client is input.request.oauth2_client_id of a sign-in for an OAuth2 client that Kratos does not name. Kratos v1.3.1 and
// v26.2.0 name it only when the flow begins, and never in the call.
const unknownOAuth2Client = "unknown"

// oauth2Client is the id of the OAuth2 client that the sign-in is for; empty: the sign-in is for none. A policy must know whether there is
// one: Kratos signs an OAuth2 client in as soon as Nidan allows the sign-in, and the client never asks Nidan what the session may do.
//
// A body that was configured for an earlier version of Nidan has no challenge. The address that the flow was begun with has it, too.
func (f flow) oauth2Client() string {
	if f.OAuth2.Client.ID == "" && (f.OAuth2Challenge != "" || strings.Contains(f.RequestURL, "login_challenge=")) {
		return unknownOAuth2Client
	}
	return f.OAuth2.Client.ID
}
