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
	"time"

	"nidan/challenge"
	"nidan/kratos"
)

// maxBody is the most bytes of a call that are read. Kratos' whole context is a few kilobytes.
const maxBody = 256 << 10

// payload is what is read of a call. It fits both the body that ships (kratos/after-password.jsonnet) and Kratos' whole
// context, of which the former is a part.
type payload struct {
	Flow           flow            `json:"flow"`
	Identity       kratos.Identity `json:"identity"`
	Session        session         `json:"session"`
	RequestHeaders http.Header     `json:"request_headers"`
	// RequestCookies are those of the client's request to Kratos. Of the values only the device's is read.
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
	// Identity is the account as it is kept. Only a flow of the settings has it: what the account is to become stands beside the flow.
	Identity *kratos.Identity `json:"identity"`
	OAuth2   struct {
		Client struct {
			ID string `json:"client_id"`
		} `json:"client"`
	} `json:"oauth2_login_request"`
	TransientPayload struct {
		TwoFactor twoFactor `json:"two_factor"`
	} `json:"transient_payload"`
}

// twoFactor is what a client says. All of it is a claim.
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
	// AuthenticatedAt is kept as Kratos wrote it: new for each submission, the same in its repeats.
	AuthenticatedAt string    `json:"authenticated_at"`
	at              time.Time // the same, read; zero where it is absent
	Devices         []device  `json:"devices"`
	// Steps are those that the session has completed. One that is refreshed or raised has the earlier ones before this sign-in's. Nil: the
	// body says nothing of them, as one of before this program knew any method but the password.
	Steps []kratos.Step `json:"authentication_methods"`
	Level string        `json:"authenticator_assurance_level"`
}

// The methods that are not only handed on.
const (
	passwordMethod = "password"
	unknownMethod  = "unknown" // Kratos names none
)

// method is this sign-in's: the last one that Kratos took. A client has no say in it.
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

// device is where this sign-in comes from. A session that is being refreshed has the devices of its earlier sign-ins before
// it: taken from those, an address would be one that whoever holds the session now need not be at.
func (s session) device() device {
	if len(s.Devices) == 0 {
		return device{}
	}
	return s.Devices[len(s.Devices)-1]
}

// unwrap returns the JSON of a call. In a form it is the field ctx, all else is taken for the JSON itself: kratos/kratos.yml
// says why Kratos sends a form.
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

// decode reads a call's body. What it returns with an error is empty, so that half a call is never acted on. The error is
// a sentence that names the place and never repeats what stands there.
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

// jsonKind is the first word of what encoding/json says of a value; for a number the value itself would follow.
func jsonKind(value string) string {
	kind, _, _ := bytes.Cut([]byte(value), []byte(" "))
	return string(kind)
}

// deliveryKey tells one call from another. Newer versions of Kratos name the event that led to a call, and keep the name in
// its repeats; for the others, a submission is known by its flow and the instant at which Kratos took the password. The instant comes
// first: keys that grow are kept in less time.
func deliveryKey(header http.Header, p payload) (string, error) {
	if id := header.Get("Ory-Webhook-Trigger-Id"); id != "" {
		return "trigger " + id, nil
	}
	if p.Session.AuthenticatedAt == "" {
		return "", errors.New("session.authenticated_at is missing")
	}
	return p.Session.AuthenticatedAt + " " + p.Flow.ID, nil
}
