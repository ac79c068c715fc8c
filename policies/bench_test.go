package policies

import (
	"context"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
)

// What a sign-in costs: deciding, and making its record as the policies mask it.
func BenchmarkLogin(b *testing.B) {
	e, err := New(b.Context(), Shipped())
	if err != nil {
		b.Fatal(err)
	}
	in := usualSignIn("user", "api")
	for name, do := range map[string]func(context.Context) error{
		"decided": func(ctx context.Context) error {
			_, err := e.eval(ctx, e.login, loginQuery, rego.EvalInput(in))
			return err
		},
		"decided and masked": func(ctx context.Context) error { _, err := e.Login(ctx, in); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := do(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
