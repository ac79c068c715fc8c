package doctor

import "context"

// Policies looks whether the policies of the configuration pass the gate. Gate returns what there is to say about them; its error says
// what is wrong. It is nil where they come as a bundle, of which only the running Nidan knows.
func Policies(gate func(context.Context) (string, error)) Check {
	const check = "policies"
	return func(ctx context.Context) []Finding {
		if gate == nil {
			return []Finding{notChecked(check, "they come as a bundle", "Look at /readyz of the Nidan that runs, or give the bundle's file to nidan policy check.")}
		}
		said, err := gate(ctx)
		if err != nil {
			return []Finding{problem(check, err.Error(), "Correct the policies; nidan policy check says the same with files and lines.")}
		}
		return []Finding{ok(check, said)}
	}
}
