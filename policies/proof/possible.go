package proof

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// also holds values that [possible] asks about. They are tried even if the policies do not name them.
var also = map[string][]string{
	"account.email": {""}, "visitor.email": {""}, "target.email": {""}, "device.channel": {""}, "request.ip": {""}, "session.channel": {"unknown"},
}

// possible says whether an input with these facts can occur. It checks what Nidan guarantees for each input, see schema/.
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

// switched holds the channels whose switch is in the settings twice: in the map of all channels, and in a field that existed before
// the map. Both places always have the switch of these channels.
var switched = []string{"admin_console", "softphone"}

// switchesFit says whether both places have the same value.
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

// alwaysThere says whether an entry of a map is always in the input.
func alwaysThere(name string) bool {
	channel, ok := strings.CutPrefix(name, "settings.channels.")
	return ok && slices.Contains(switched, channel)
}

// targetFits says whether there is a target exactly if the action concerns an account.
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
