package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// loginMethods are the methods for a first or second factor at a sign-in. Each method has its own list of hooks in Kratos.
var loginMethods = []string{"password", "oidc", "code", "passkey", "webauthn", "totp", "lookup_secret"}

// notForLogin are the methods of Kratos with which nobody can sign in.
var notForLogin = []string{"profile", "link", "b2b", "captcha"}

var loginPaths = []string{"/hooks/login", "/hooks/login/after-password"}

// Login checks whether Kratos calls Nidan after each method with which people can sign in.
func Login(k *KratosConfig) Check {
	return func(context.Context) (found []Finding) {
		methods := slices.Clone(loginMethods)
		for _, method := range slices.Sorted(maps.Keys(k.Selfservice.Methods)) {
			if !slices.Contains(methods, method) && !slices.Contains(notForLogin, method) {
				methods = append(methods, method) // a method of a newer Kratos
			}
		}
		for _, method := range methods {
			if f := k.login(method); f.Result != OK {
				found = append(found, f)
			}
		}
		if len(found) == 0 {
			return []Finding{ok("login_hooks", "Kratos calls Nidan after each method of signing in, also after those that are off")}
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
		return ok(check, "Kratos calls Nidan first")
	case at > 0:
		return warning(check, fmt.Sprintf("after %s, hooks run before Nidan's hook (number before it: %d): they have their effect even if Nidan refuses the sign-in",
			method, at), "Put Nidan's hook first in the list.")
	case hidden && k.signsIn(method):
		return problem(check, fmt.Sprintf("selfservice.flows.login.after.%s.hooks replaces the list under after.hooks, which has Nidan's hook: "+
			"people who sign in with %s get in without a code", method, method), "Put Nidan's hook into this list too, as the first hook.")
	case k.signsIn(method):
		return problem(check, fmt.Sprintf("no hook calls Nidan after %s: people who sign in with %s get in without a code", method, method),
			fmt.Sprintf("Put Nidan's hook into selfservice.flows.login.after.%s.hooks, as in kratos/kratos.yml.", method))
	}
	return warning(check, fmt.Sprintf("no hook calls Nidan after %s, which is off: if somebody switches it on, people get in with it without a code", method),
		fmt.Sprintf("Put Nidan's hook into selfservice.flows.login.after.%s.hooks all the same.", method))
}

// places returns all hooks to Nidan, each with its place in the configuration.
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
