package doctor

import (
	"context"
	"fmt"
	"slices"
)

// settingsMethods are the methods by which somebody changes how to sign in.
var settingsMethods = []string{"password", "totp", "lookup_secret", "webauthn", "passkey", "oidc", "profile"}

// isSettings says whether a hook asks Nidan before a change by that method.
func isSettings(method string) func(hook) bool {
	return func(h hook) bool {
		return h.leadsTo(method, "/hooks/settings") || method == "password" && h.leadsTo("", "/hooks/settings/after-password")
	}
}

// Settings looks whether Kratos asks Nidan before somebody changes how to sign in, and whether sessions end that have to.
func Settings(k *KratosConfig) Check {
	return func(context.Context) (found []Finding) {
		for _, f := range append([]Finding{k.settingsBegin()}, k.settingsAfter()...) {
			if f.Result != OK {
				found = append(found, f)
			}
		}
		if len(found) == 0 {
			found = []Finding{ok("settings_hooks", "Nidan is asked before somebody changes how to sign in, by each method, also those that are off")}
		}
		found = append(found, k.revoked()...)
		return append(found, k.recovery(), aal("settings_aal", "selfservice.flows.settings.required_aal", k.Selfservice.Flows.Settings.RequiredAAL),
			aal("whoami_aal", "session.whoami.required_aal", k.Session.Whoami.RequiredAAL))
	}
}

func (k *KratosConfig) settingsBegin() Finding {
	const check = "settings_hooks.before"
	if slices.ContainsFunc(k.Selfservice.Flows.Settings.Before.Hooks, isSettings("any")) {
		return ok(check, "Nidan is asked")
	}
	return problem(check, "Nidan is not asked when somebody begins to change how to sign in: "+
		"Kratos takes a session for one with a second factor before the change is refused",
		"List Nidan's hook with /hooks/settings?method=any under selfservice.flows.settings.before.hooks.")
}

func (k *KratosConfig) settingsAfter() (found []Finding) {
	for _, method := range settingsMethods {
		check := "settings_hooks." + method
		todo := fmt.Sprintf("List Nidan's hook with /hooks/settings?method=%s under selfservice.flows.settings.after.%s.hooks; "+
			"hooks right under after are called too late.", method, method)
		switch {
		case slices.ContainsFunc(k.Selfservice.Flows.Settings.After.byMethod[method], isSettings(method)):
			found = append(found, ok(check, "Nidan is asked"))
		case k.isOn(method):
			found = append(found, problem(check, fmt.Sprintf("Nidan is not asked before a change by %s: "+
				"whoever has the password alone can make it", method), todo))
		default:
			found = append(found, warning(check, fmt.Sprintf("Nidan is not asked before a change by %s, which is off: "+
				"once it is on, whoever has the password alone can make it", method), todo))
		}
	}
	return found
}

func revokes(h hook) bool { return h.Name == "revoke_active_sessions" }

// revoked looks whether other sessions end with a new password and with a new factor. One that is off needs none yet.
func (k *KratosConfig) revoked() (found []Finding) {
	for _, method := range settingsMethods {
		check := "settings_revoke." + method
		if method == "profile" || !k.isOn(method) || slices.ContainsFunc(k.Selfservice.Flows.Settings.After.byMethod[method], revokes) {
			continue
		}
		todo := fmt.Sprintf("Add hook: revoke_active_sessions after Nidan's under selfservice.flows.settings.after.%s.hooks.", method)
		if method == "password" {
			found = append(found, problem(check, "a new password ends no other session: whoever knew the old one stays signed in", todo))
			continue
		}
		found = append(found, warning(check, fmt.Sprintf("%s that is set up ends no other session, and those have not passed it", method), todo))
	}
	if len(found) == 0 {
		return []Finding{ok("settings_revoke", "other sessions end with a new password and with a new factor")}
	}
	return found
}

func (k *KratosConfig) recovery() Finding {
	const check = "recovery_revoke"
	switch of := k.Selfservice.Flows.Recovery; {
	case slices.ContainsFunc(of.After.hooks, revokes):
		return ok(check, "other sessions end with a recovery")
	case of.Enabled:
		return problem(check, "a recovery ends no other session: whoever had taken the account stays signed in",
			"Write hook: revoke_active_sessions under selfservice.flows.recovery.after.hooks.")
	}
	return ok(check, "recovery is off")
}

// aal looks whether a second factor that somebody has enrolled is asked for.
func aal(check, key, value string) Finding {
	if value == "highest_available" {
		return ok(check, key+" is highest_available")
	}
	return warning(check, key+" is not highest_available: a second factor that somebody has enrolled is not asked for there", "Write "+key+": highest_available.")
}
