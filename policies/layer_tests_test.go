//go:build !race

package policies

import (
	"testing"
	"testing/fstest"
)

// The shipped tests test the shipped rules. They must pass with any rules and parameters of a layer.
func TestTheTestsThatShipHoldUnderEveryLayer(t *testing.T) {
	for name, layer := range map[string]fstest.MapFS{
		"one that refuses everybody": laid("custom/login.rego", ofLogin(`refuse contains {"reason": "r"}`),
			"custom/console.rego", "package custom.console\n\nrefuse contains {\"reason\": \"r\"}",
			"custom/capabilities.rego", "package custom.capabilities\n\nrefuse contains {\"capability\": c, \"reason\": \"r\"} if some c in [\"agent\", \"console\", \"phonebook\"]"),
		"one that asks everybody": laid("custom/login.rego", ofLogin(`challenge contains {"reason": "r"}`)),
		"one that lets everybody in": laid("data.json", `{"parameters": {"custom_may_allow": true}}`, "custom/login.rego", ofLogin(`allow contains {"reason": "r"}`),
			"custom/console.rego", "package custom.console\n\nallow contains {\"reason\": \"r\"}",
			"custom/capabilities.rego", "package custom.capabilities\n\nallow contains {\"capability\": c, \"reason\": \"r\"} if some c in [\"agent\", \"console\"]"),
		"one with other parameters": laid("data.json", `{"parameters": {"no_email": "refuse", "always_asked_roles": ["owner"], "exempt_channels": [], "plans_without_agent": [],
			"minimum_versions": {"softphone": null}, "days_are_counted_as": "calendar_day", "code": {"length": 8, "ttl_seconds": 60}, "roles": ["owner"], "console_role": "owner",
			"capabilities_without_second_step": []}}`),
	} {
		t.Run(name, func(t *testing.T) { accepted(t, Shipped(), layer) })
	}
}
