package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// loginMethods are the methods by which somebody signs in, or shows a second factor. For each, Kratos has hooks of its own.
var loginMethods = []string{"password", "oidc", "code", "passkey", "webauthn", "totp", "lookup_secret"}

// notForLogin are those of Kratos' methods that sign nobody in.
var notForLogin = []string{"profile", "link", "b2b", "captcha"}

var loginPaths = []string{"/hooks/login", "/hooks/login/after-password"}

// Login looks whether Kratos calls Nidan after each method by which somebody can sign in.
func Login(k *KratosConfig) Check {
	return func(context.Context) (found []Finding) {
		methods := slices.Clone(loginMethods)
		for _, method := range slices.Sorted(maps.Keys(k.Selfservice.Methods)) {
			if !slices.Contains(methods, method) && !slices.Contains(notForLogin, method) {
				methods = append(methods, method) // of a later Kratos
			}
		}
		for _, method := range methods {
			if f := k.login(method); f.Result != OK {
				found = append(found, f)
			}
		}
		if len(found) == 0 {
			return []Finding{ok("login_hooks", "Nidan is called after each method of signing in, also those that are off")}
		}
		return found
	}
}

func isLogin(h hook) bool { return h.leadsTo("", loginPaths...) }

func (k *KratosConfig) login(method string) Finding {
	after := k.Selfservice.Flows.Login.After
	check, hooks := "login_hooks."+method, after.called(method)
	at := slices.IndexFunc(hooks, isLogin)
	hidden := at < 0 && slices.ContainsFunc(after.hooks, isLogin)
	switch {
	case at == 0:
		return ok(check, "Nidan is called first")
	case at > 0:
		return warning(check, fmt.Sprintf("%s: %d hooks come before Nidan's: what they do has been done when Nidan refuses", method, at),
			"Put Nidan's hook first.")
	case hidden && k.signsIn(method):
		return problem(check, fmt.Sprintf("selfservice.flows.login.after.%s.hooks hides Nidan's hook under after.hooks: "+
			"whoever signs in by %s is asked for no code", method, method), "List Nidan's hook there too, first.")
	case k.signsIn(method):
		return problem(check, fmt.Sprintf("no hook calls Nidan after %s: whoever signs in by it is asked for no code", method),
			fmt.Sprintf("List Nidan's hook under selfservice.flows.login.after.%s.hooks, as kratos/kratos.yml does.", method))
	}
	return warning(check, fmt.Sprintf("no hook calls Nidan after %s, which is off: once it is on, whoever signs in by it is asked for no code", method),
		fmt.Sprintf("List Nidan's hook under selfservice.flows.login.after.%s.hooks all the same.", method))
}

// places are all hooks of Nidan's, by where they stand.
func (k *KratosConfig) places() (all []place) {
	login, settings := k.Selfservice.Flows.Login.After, k.Selfservice.Flows.Settings
	add := func(at string, hooks []hook, is func(hook) bool) {
		for _, h := range hooks {
			if is(h) {
				all = append(all, place{at, h.Config})
			}
		}
	}
	add("login.after", login.hooks, isLogin)
	for _, method := range slices.Sorted(maps.Keys(login.byMethod)) {
		add("login.after."+method, login.byMethod[method], isLogin)
	}
	add("settings.before", settings.Before.Hooks, isSettings("any"))
	for _, method := range slices.Sorted(maps.Keys(settings.After.byMethod)) {
		add("settings.after."+method, settings.After.byMethod[method], isSettings(method))
	}
	return all
}
