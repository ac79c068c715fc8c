package doctor

import "context"

// Policies checks whether the policies of the configuration pass the gate. Gate returns a text about the policies, or an error that says
// what is wrong with them. Gate is nil if the policies come as a bundle: only the running Nidan downloads the bundle.
func Policies(gate func(context.Context) (string, error)) Check {
	const check = "policies"
	return func(ctx context.Context) []Finding {
		if gate == nil {
			return []Finding{notChecked(check, "the policies come as a bundle, which nidan doctor does not download",
				"Read /readyz of the running Nidan, or check the bundle's file with nidan policy check.")}
		}
		said, err := gate(ctx)
		if err != nil {
			return []Finding{problem(check, err.Error(), "Correct the policies; nidan policy check names the file and line of each problem.")}
		}
		return []Finding{ok(check, said)}
	}
}
