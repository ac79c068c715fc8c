package policies

// FillIn adds the sign-in method to a recorded input, decoded from JSON, if an earlier version did not write it. The method was the
// password: before Nidan knew methods, Kratos called it after a password only.
func FillIn(in map[string]any) {
	request, ok := in["request"].(map[string]any)
	if !ok {
		return
	}
	if _, said := request["method"]; !said {
		request["method"] = "password"
	}
}
