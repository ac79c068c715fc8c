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

// webHook is what Kratos calls, and how.
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

// place is a hook of Nidan's and where it stands: "login.after.password".
type place struct {
	at string
	webHook
}

// leadsTo says whether it is a web hook to one of those paths of Nidan's, with that method in the address. A proxy may have more in
// front of the path; what answers there is found out by a call.
func (h hook) leadsTo(method string, paths ...string) bool {
	u, err := url.Parse(h.Config.URL)
	return h.Name == "web_hook" && err == nil && u.Query().Get("method") == method &&
		slices.ContainsFunc(paths, func(path string) bool { return strings.HasSuffix(u.Path, path) })
}

// form is the only type of a body that Kratos cannot be made to skip.
const form = "application/x-www-form-urlencoded"

// aspect is one thing that has to be so of each hook.
type aspect struct {
	check, right, wrong, todo string
	result                    Result
	is                        func(webHook) bool
}

// Hooks looks at each hook of Nidan's in Kratos' configuration: how it calls, and whether Nidan answers.
func Hooks(k *KratosConfig, tokens []string) Check {
	return func(ctx context.Context) (found []Finding) {
		places := k.places()
		if len(places) == 0 {
			return []Finding{notChecked("hooks_call", "no hook leads to Nidan", "Put Nidan's hooks into kratos.yml as kratos/kratos.yml has them.")}
		}
		for _, a := range aspects(tokens) {
			found = append(found, a.look(places))
		}
		return append(append(found, k.body(places)), calls(ctx, places)...)
	}
}

func aspects(tokens []string) []aspect {
	return []aspect{
		{"hooks_post", "each is a POST", "is no POST, and Nidan does not answer", "Write method: POST.", Problem,
			func(w webHook) bool { return w.Method == "POST" }},
		{"hooks_form", "each sends a form", "does not send a form: a client can make Kratos skip the call, and is let in without a code",
			"Write headers: {Content-Type: " + form + "}.", Problem, webHook.isForm},
		{"hooks_parse", "the answer of each is read", "does not read Nidan's answer: nobody sees the state, and settings are changed before Nidan is asked",
			"Write response: {parse: true}.", Problem, func(w webHook) bool { return w.Response.Parse || w.CanInterrupt }},
		{"hooks_ignore", "the answer of none is ignored", "ignores Nidan's answer: everybody is let in without a code",
			"Take response.ignore away, and write response: {parse: true}.", Problem, func(w webHook) bool { return !w.Response.Ignore }},
		{"hooks_token", "each presents one of hooks.tokens", "presents none of hooks.tokens, and is refused",
			"Write auth as kratos/kratos.yml has it, with the value \"Bearer \" and one of hooks.tokens.", Problem,
			func(w webHook) bool { return w.presents(tokens) }},
	}
}

// look is the finding about all hooks: mostly they share one text, and one mistake is in all of them.
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

// isForm compares the type as Kratos does, letter by letter.
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

// calls calls each address once with each token. What is wrong is mostly wrong at all of them, and is one finding then.
func calls(ctx context.Context, all []place) (found []Finding) {
	type key struct{ url, value string }
	done := map[key]bool{}
	var errs []error
	at := map[string][]string{} // addresses by error
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
		return []Finding{ok("hooks_call", "Nidan answers at the address of each, and takes the token")}
	}
	for _, err := range errs {
		found = append(found, notCalled("hooks_call", strings.Join(at[err.Error()], ", "), err))
	}
	return found
}

// body compares the body of the hooks with the one that ships.
func (k *KratosConfig) body(all []place) Finding {
	const check = "hooks_body"
	var other []string
	for _, p := range all {
		content, err := k.read(p.Body)
		if err != nil {
			return notChecked(check, p.at+": "+err.Error(), "Compare the file with kratos/after-password.jsonnet of this version.")
		}
		if !bytes.Equal(bytes.TrimSpace(content), bytes.TrimSpace(kratos.HookBody())) {
			other = append(other, p.at)
		}
	}
	if len(other) > 0 {
		return warning(check, strings.Join(other, ", ")+": the body is another one than ships with this program",
			"Take kratos/after-password.jsonnet of this version, or make sure that yours says all that it says, and cuts what is long.")
	}
	return ok(check, "each sends the body that ships with this program")
}

// read reads what Kratos' configuration names: file:// or base64://. A relative path is looked for beside the configuration.
func (k *KratosConfig) read(source string) ([]byte, error) {
	if encoded, is := strings.CutPrefix(source, "base64://"); is {
		content, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, errors.New("what follows base64:// cannot be read")
		}
		return content, nil
	}
	path, is := strings.CutPrefix(source, "file://")
	if !is {
		return nil, errors.New("it is neither file:// nor base64://")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(k.dir, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.New("the file that it names cannot be read from here")
	}
	return content, nil
}
