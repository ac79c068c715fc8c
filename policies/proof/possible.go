package proof

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// also are values of facts that possible asks for, whether policies name them or not.
var also = map[string][]string{
	"account.email": {""}, "visitor.email": {""}, "target.email": {""}, "device.channel": {""}, "request.ip": {""}, "session.channel": {"unknown"},
}

// possible says whether an input with these facts can come. It holds what Nidan sees to when it puts an input together, as schema/ says.
func possible(given map[string]ast.Value) bool {
	for _, who := range []string{"account", "visitor", "target"} {
		if email, has := given[who+".email"], given[who+".has_email"]; email != nil && has != nil && isTrue(has) != (email.Compare(ast.String("")) != 0) {
			return false
		}
	}
	if !switchesFit(given) {
		return false
	}
	if isFalse(given["device.known"]) && (not(given["device.channel"], "") || notZero(given["device.age_days"]) || notZero(given["device.age_calendar_days"])) {
		return false
	}
	if ip, has := given["request.ip"]; has && isTrue(given["request.ip_trusted"]) && !isAddress(ip) {
		return false
	}
	if isFalse(given["session.known"]) && (not(given["session.channel"], "unknown") || not(given["session.second_step"], "unknown")) ||
		isTrue(given["session.known"]) && is(given["session.second_step"], "unknown") {
		return false
	}
	return targetFits(given)
}

// switched are the channels whose switches stand in the settings twice: by themselves, too, as they did before each channel had one. These
// two are always there.
var switched = []string{"admin_console", "softphone"}

// switchesFit says whether both say the same.
func switchesFit(given map[string]ast.Value) bool {
	for _, channel := range switched {
		alone, one := given["settings."+channel]
		inMap, other := given["settings.channels."+channel]
		if one && other && alone.Compare(inMap) != 0 {
			return false
		}
	}
	return true
}

// alwaysThere says whether a fact that stands in a map, and so need not be there, always is.
func alwaysThere(name string) bool {
	channel, ok := strings.CutPrefix(name, "settings.channels.")
	return ok && slices.Contains(switched, channel)
}

// targetFits says whether there is a target where the action is one on an account, and nowhere else.
func targetFits(given map[string]ast.Value) bool {
	target, looked := given["target"]
	action, ok := given["action"].(ast.String)
	return !looked || !ok || strings.HasPrefix(string(action), "account.") == (target != nil)
}

func isTrue(v ast.Value) bool  { return v != nil && v.Compare(ast.Boolean(true)) == 0 }
func isFalse(v ast.Value) bool { return v != nil && v.Compare(ast.Boolean(false)) == 0 }

func is(v ast.Value, text string) bool  { return v != nil && v.Compare(ast.String(text)) == 0 }
func not(v ast.Value, text string) bool { return v != nil && v.Compare(ast.String(text)) != 0 }
func notZero(v ast.Value) bool          { return v != nil && v.Compare(ast.Number("0")) != 0 }
