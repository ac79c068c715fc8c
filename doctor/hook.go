package doctor

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nidan/kratos"
)

// hook is one entry of a list of hooks in Kratos' configuration.
type hook struct {
	Name   string  `yaml:"hook"`
	Config webHook `yaml:"config"`
}

// webHook is the configuration of a web hook in Kratos.
type webHook struct {
	URL          string
	Method       string
	Body         string
	Headers      map[string]string
	CanInterrupt bool `yaml:"can_interrupt"` // the older name of response.parse
	Response     struct{ Parse, Ignore bool }
	Auth         struct {
		Type   string
		Config struct{ In, Name, Value string }
	}
}

// place is a hook to Nidan and its place in Kratos' configuration, such as "login.after.password".
type place struct {
	at string
	webHook
}

// leadsTo reports whether h is a web hook to one of these paths of Nidan, with this value of the query parameter method. A proxy may need
// a prefix before the path, so leadsTo compares the end of the path only. The check hooks_call finds out what answers at the URL.
func (h hook) leadsTo(method string, paths ...string) bool {
	u, err := url.Parse(h.Config.URL)
	return h.Name == "web_hook" && err == nil && u.Query().Get("method") == method &&
		slices.ContainsFunc(paths, func(path string) bool { return strings.HasSuffix(u.Path, path) })
}

// form is the only Content-Type with which a client cannot make Kratos skip the call.
const form = "application/x-www-form-urlencoded"

// aspect is a condition that each hook to Nidan must meet.
type aspect struct {
	check, right, wrong, todo string
	result                    Result
	is                        func(webHook) bool
}

// Hooks checks each hook to Nidan in Kratos' configuration: the settings of the call, and whether Nidan answers the call.
func Hooks(k *KratosConfig, tokens []string) Check {
	return func(ctx context.Context) (found []Finding) {
		places := k.places()
		if len(places) == 0 {
			return []Finding{notChecked("hooks_call", "no hook calls Nidan, so Kratos never asks Nidan", "Copy Nidan's hooks from kratos/kratos.yml to your kratos.yml.")}
		}
		for _, a := range aspects(tokens) {
			found = append(found, a.look(places))
		}
		return append(append(found, k.body(places)), calls(ctx, places)...)
	}
}

func aspects(tokens []string) []aspect {
	return []aspect{
		{"hooks_post", "each hook uses POST", "method is not POST: Nidan does not accept the call, and nobody gets in",
			"Write method: POST.", Problem, func(w webHook) bool { return w.Method == "POST" }},
		{"hooks_form", "each hook sends a form", "the body is not sent as a form: a client can make Kratos skip the call, and gets in without a code",
			"Write headers: {Content-Type: " + form + "}.", Problem, webHook.isForm},
		{"hooks_parse", "Kratos reads the answer to each hook",
			"Kratos does not read Nidan's answer: people do not see why they are refused, and Kratos changes settings before it asks Nidan",
			"Write response: {parse: true}.", Problem, func(w webHook) bool { return w.Response.Parse || w.CanInterrupt }},
		{"hooks_ignore", "Kratos ignores no answer", "Kratos ignores Nidan's answer: everybody gets in without a code",
			"Remove response.ignore, and write response: {parse: true}.", Problem, func(w webHook) bool { return !w.Response.Ignore }},
		{"hooks_token", "each hook presents one of hooks.tokens", "auth does not present one of hooks.tokens: Nidan refuses the call, and nobody gets in",
			"Write auth as in kratos/kratos.yml, with \"Bearer \" and one of hooks.tokens as the value.", Problem,
			func(w webHook) bool { return w.presents(tokens) }},
	}
}

// look makes one finding for all hooks, because most configurations repeat the same hook, and a mistake is then in all of them.
func (a aspect) look(all []place) Finding {
	var wrong []string
	for _, p := range all {
		if !a.is(p.webHook) {
			wrong = append(wrong, p.at)
		}
	}
	if len(wrong) == 0 {
		return ok(a.check, a.right)
	}
	return Finding{a.check, a.result, strings.Join(wrong, ", ") + ": " + a.wrong, a.todo}
}

// isForm compares the Content-Type as Kratos does: byte by byte, so a parameter such as charset makes a difference.
func (w webHook) isForm() bool {
	for name, value := range w.Headers {
		if strings.EqualFold(name, "Content-Type") {
			return value == form
		}
	}
	return false
}

func (w webHook) presents(tokens []string) bool {
	scheme, token, _ := strings.Cut(w.Auth.Config.Value, " ")
	return w.Auth.Type == "api_key" && w.Auth.Config.In == "header" && strings.EqualFold(w.Auth.Config.Name, "Authorization") &&
		strings.EqualFold(scheme, "Bearer") && slices.Contains(tokens, token)
}

// calls makes one call for each URL and token. If several calls fail with the same error, calls makes one finding for them.
func calls(ctx context.Context, all []place) (found []Finding) {
	type key struct{ url, value string }
	done := map[key]bool{}
	var errs []error
	at := map[string][]string{} // error to addresses
	for _, p := range all {
		k := key{p.URL, p.Auth.Config.Value}
		if done[k] {
			continue
		}
		done[k] = true
		if _, err := p.call(ctx); err != nil {
			if at[err.Error()] == nil {
				errs = append(errs, err)
			}
			at[err.Error()] = append(at[err.Error()], p.shown())
		}
	}
	if len(errs) == 0 {
		return []Finding{ok("hooks_call", "Nidan answers at the address of each hook, and accepts the token")}
	}
	for _, err := range errs {
		found = append(found, notCalled("hooks_call", strings.Join(at[err.Error()], ", "), err))
	}
	return found
}

// body compares the body of the hooks with the body that ships.
func (k *KratosConfig) body(all []place) Finding {
	const check = "hooks_body"
	var other []string
	for _, p := range all {
		content, err := k.read(p.Body)
		if err != nil {
			return notChecked(check, p.at+": "+err.Error(), "Compare the body of the hook with kratos/after-password.jsonnet of this version.")
		}
		if !bytes.Equal(bytes.TrimSpace(content), bytes.TrimSpace(kratos.HookBody())) {
			other = append(other, p.at)
		}
	}
	if len(other) > 0 {
		return warning(check, strings.Join(other, ", ")+": the body differs from the one that ships with this program: Nidan may not get facts that the policies need",
			"Use kratos/after-password.jsonnet of this version, or make sure that your body sends the same fields and cuts long values.")
	}
	return ok(check, "each hook sends the body that ships with this program")
}

// read reads a source that Kratos' configuration names: file:// or base64://. A relative path begins in the folder of the configuration.
func (k *KratosConfig) read(source string) ([]byte, error) {
	if encoded, is := strings.CutPrefix(source, "base64://"); is {
		content, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, errors.New("the text after base64:// is not valid base64")
		}
		return content, nil
	}
	path, is := strings.CutPrefix(source, "file://")
	if !is {
		return nil, errors.New("nidan doctor reads only file:// and base64://")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(k.dir, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.New("nidan doctor cannot read the file that is named there")
	}
	return content, nil
}
