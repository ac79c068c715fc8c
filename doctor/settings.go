package doctor

import (
	"context"
	"fmt"
	"slices"
)

// settingsMethods are the methods of Kratos' settings flow: with them, account holders change their credentials or their profile.
var settingsMethods = []string{"password", "totp", "lookup_secret", "webauthn", "passkey", "oidc", "profile"}

// isSettings returns a function that reports whether a hook asks Nidan before a change with this method.
func isSettings(method string) func(hook) bool {
	return func(h hook) bool {
		return h.leadsTo(method, "/hooks/settings") || method == "password" && h.leadsTo("", "/hooks/settings/after-password")
	}
}

// Settings checks whether Kratos asks Nidan before an account holder changes their credentials, and whether such a change ends other
// sessions.
func Settings(k *KratosConfig) Check {
	return func(context.Context) (found []Finding) {
		for _, f := range append([]Finding{k.settingsBegin()}, k.settingsAfter()...) {
			if f.Result != OK {
				found = append(found, f)
			}
		}
		if len(found) == 0 {
			found = []Finding{ok("settings_hooks", "Kratos asks Nidan before each change of credentials, also for methods that are off")}
		}
		found = append(found, k.revoked()...)
		return append(found, k.recovery(), aal("settings_aal", "selfservice.flows.settings.required_aal", k.Selfservice.Flows.Settings.RequiredAAL),
			aal("whoami_aal", "session.whoami.required_aal", k.Session.Whoami.RequiredAAL))
	}
}

func (k *KratosConfig) settingsBegin() Finding {
	const check = "settings_hooks.before"
	if slices.ContainsFunc(k.Selfservice.Flows.Settings.Before.Hooks, isSettings("any")) {
		return ok(check, "Kratos asks Nidan")
	}
	return problem(check, "Kratos does not ask Nidan when somebody begins to change their credentials: "+
		"before Nidan refuses the change, Kratos already counts the session as one with a second factor",
		"Put Nidan's hook with /hooks/settings?method=any into selfservice.flows.settings.before.hooks.")
}

func (k *KratosConfig) settingsAfter() (found []Finding) {
	for _, method := range settingsMethods {
		check := "settings_hooks." + method
		todo := fmt.Sprintf("Put Nidan's hook with /hooks/settings?method=%s into selfservice.flows.settings.after.%s.hooks; "+
			"Kratos calls hooks directly under after too late.", method, method)
		switch {
		case slices.ContainsFunc(k.Selfservice.Flows.Settings.After.byMethod[method], isSettings(method)):
			found = append(found, ok(check, "Kratos asks Nidan"))
		case k.isOn(method):
			found = append(found, problem(check, fmt.Sprintf("Kratos does not ask Nidan before a change with %s: "+
				"a thief who knows only the password can make the change", method), todo))
		default:
			found = append(found, warning(check, fmt.Sprintf("Kratos does not ask Nidan before a change with %s, which is off: "+
				"if somebody switches it on, a thief who knows only the password can make the change", method), todo))
		}
	}
	return found
}

func revokes(h hook) bool { return h.Name == "revoke_active_sessions" }

// revoked checks whether a new password or a new factor ends the other sessions. It skips methods that are off.
func (k *KratosConfig) revoked() (found []Finding) {
	for _, method := range settingsMethods {
		check := "settings_revoke." + method
		if method == "profile" || !k.isOn(method) || slices.ContainsFunc(k.Selfservice.Flows.Settings.After.byMethod[method], revokes) {
			continue
		}
		todo := fmt.Sprintf("Add hook: revoke_active_sessions after Nidan's hook in selfservice.flows.settings.after.%s.hooks.", method)
		if method == "password" {
			found = append(found, problem(check, "a new password does not end other sessions: a thief who signed in with the old password stays signed in", todo))
			continue
		}
		found = append(found, warning(check, fmt.Sprintf("a change with %s does not end other sessions: they go on without the new factor", method), todo))
	}
	if len(found) == 0 {
		return []Finding{ok("settings_revoke", "a new password and a new factor end the other sessions")}
	}
	return found
}

func (k *KratosConfig) recovery() Finding {
	const check = "recovery_revoke"
	switch of := k.Selfservice.Flows.Recovery; {
	case slices.ContainsFunc(of.After.hooks, revokes):
		return ok(check, "a recovery ends the other sessions")
	case of.Enabled:
		return problem(check, "a recovery does not end other sessions: a thief who has taken over the account stays signed in",
			"Write hook: revoke_active_sessions under selfservice.flows.recovery.after.hooks.")
	}
	return ok(check, "recovery is off")
}

// aal checks whether Kratos asks for a second factor that the account has.
func aal(check, key, value string) Finding {
	if value == "highest_available" {
		return ok(check, key+" is highest_available")
	}
	return warning(check, key+" is not highest_available: there, Kratos does not ask for the second factor of an account that has one",
		"Write "+key+": highest_available.")
}
