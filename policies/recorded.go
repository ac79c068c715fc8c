package policies

// FillIn adds to a recorded input, decoded from JSON, what an earlier version did not write and what was so all the same: before
// Nidan knew of methods, Kratos asked it after the password alone.
func FillIn(in map[string]any) {
	request, ok := in["request"].(map[string]any)
	if !ok {
		return
	}
	if _, said := request["method"]; !said {
		request["method"] = "password"
	}
}
