package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Words in a template for the values that differ from call to call.
const (
	accountHere = "AccountHere"
	nameHere    = "NameHere"
	flowHere    = "FlowHere"
	timeHere    = "TimeHere"
	codeHere    = "CodeHere"
	tokenHere   = "TokenHere"
)

type object = map[string]any

// kratosSays returns what Kratos sends to the hook after a right password (kratos/after-password.jsonnet), for a softphone.
func kratosSays(twoFactor bool, says object) object {
	says["client"] = object{"name": "softphone", "version": "3.5.0"}
	return object{
		"flow": object{
			"id": flowHere, "type": "api", "requested_aal": "aal1", "refresh": false,
			"request_url": "http://127.0.0.1:4455/self-service/login/api", "transient_payload": object{"two_factor": says},
		},
		"identity": object{
			"id": accountHere, "state": "active",
			"traits":          object{"account": nameHere, "name": "Agent", "email": nameHere + "@example.com"},
			"metadata_public": object{"role": "user", "two_factor": object{"enabled": twoFactor}},
		},
		"session": object{
			"id": flowHere, "authenticated_at": timeHere,
			"devices": []object{{"ip_address": "192.0.2.7:40000", "user_agent": "Softphone/3.5.0"}},
		},
		"request_headers": object{"User-Agent": []string{"Softphone/3.5.0"}},
		"request_cookies": object{},
	}
}

// askOPA returns the same sign-in as the input of Nidan's policies (policies/schema/input.jsonschema).
func askOPA() object {
	return object{"input": object{
		"now": timeHere,
		"settings": object{
			"two_factor": true, "admin_console": true, "softphone": true, "channels": object{"admin_console": true, "softphone": true},
			"remember": true, "remember_days": 30,
		},
		"account": object{
			"id": accountHere, "name": nameHere, "role": "user", "email": nameHere + "@example.com", "has_email": true,
			"two_factor": false, "state": "active", "locked": false, "password_expired": false, "locale": "", "plan": "",
		},
		"request": object{
			"flow_type": "api", "return_to": "", "oauth2_client_id": "", "headers": object{"user-agent": "Softphone/3.5.0"},
			"ip": "192.0.2.7", "ip_trusted": false, "user_agent": "Softphone/3.5.0",
			"client": object{"name": "softphone", "version": "3.5.0"}, "refresh": false, "requested_aal": "aal1", "locale": "ja",
		},
		"device": object{"known": false, "channel": "", "age_days": 0, "age_calendar_days": 0},
	}}
}

// template is a request whose words are not filled in yet.
type template struct {
	path, headers string
	parts         []string // text, word, text, word, …
}

func newTemplate(path, contentType string, body []byte) template {
	t := template{path: path, headers: "Host: bench\r\nAuthorization: Bearer " + hookToken + "\r\nContent-Type: " + contentType + "\r\n"}
	for rest := string(body); ; {
		at, word := len(rest), ""
		for _, w := range []string{accountHere, nameHere, flowHere, timeHere, codeHere, tokenHere} {
			if i := strings.Index(rest, w); i >= 0 && i < at {
				at, word = i, w
			}
		}
		t.parts = append(t.parts, rest[:at])
		if word == "" {
			return t
		}
		t.parts = append(t.parts, word)
		rest = rest[at+len(word):]
	}
}

func formTemplate(path string, said object) template {
	return newTemplate(path, "application/x-www-form-urlencoded", []byte(url.Values{"ctx": {string(encoded(said))}}.Encode()))
}

func hookTemplate(twoFactor bool, says object) template {
	return formTemplate("/hooks/login/after-password", kratosSays(twoFactor, says))
}

func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the value consists of texts and truth values
	}
	return b
}

// one contains the values for the words in one call.
type one struct{ account, name, flow, at, code, token string }

func (t template) fill(o one) []byte {
	values := map[string]string{
		accountHere: o.account, nameHere: o.name, flowHere: o.flow, timeHere: o.at, codeHere: o.code, tokenHere: o.token,
	}
	body := make([]byte, 0, 2048)
	for i, part := range t.parts {
		if i%2 == 1 {
			part = values[part]
		}
		body = append(body, part...)
	}
	return append(fmt.Appendf(make([]byte, 0, 256+len(body)), "POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n", t.path, t.headers, len(body)), body...)
}

// signIns counts the sign-ins of all loads. Each sign-in has a flow and a time of its own, as Kratos gives them.
var (
	signIns atomic.Int64
	begun   = time.Now().UTC().Truncate(time.Second)
)

// signIn returns a new sign-in, of one of this many accounts; of a new account if the number is 0.
func signIn(accounts int64) one {
	n := signIns.Add(1)
	who := n
	if accounts > 0 {
		who = n % accounts
	}
	return one{
		account: id(1, who), name: fmt.Sprintf("agent-%d", who), flow: id(2, n),
		at: begun.Add(time.Duration(n) * time.Microsecond).Format("2006-01-02T15:04:05.000000Z"),
	}
}

// id returns an id that looks like Kratos' ids.
func id(kind, n int64) string { return fmt.Sprintf("%08d-0000-4000-8000-%012d", kind, n) }

// each returns calls of the template, each for a new sign-in.
func (t template) each(accounts int64) calls {
	return func() []byte { return t.fill(signIn(accounts)) }
}
