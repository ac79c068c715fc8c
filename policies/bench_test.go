package policies

import (
	"context"
	"reflect"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
)

// browserSignIn is a sign-in as a browser sends it, with all facts that the shipped policies mask.
func browserSignIn() Input {
	in := usualSignIn("user", "browser")
	in.Request.Headers = map[string]string{
		"accept-language": "ja,en-US;q=0.8,en;q=0.6",
		"user-agent":      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36",
	}
	in.Request.UserAgent, in.Request.IP, in.Request.IPTrusted = in.Request.Headers["user-agent"], "192.0.2.1", true
	in.Request.ReturnTo = "https://app.example.com/inbox?token=secret"
	return in
}

// The cost of a sign-in: the decision, and its record as the policies mask it.
func BenchmarkLogin(b *testing.B) {
	e, err := New(b.Context(), Shipped())
	if err != nil {
		b.Fatal(err)
	}
	in := browserSignIn()
	for name, do := range map[string]func(context.Context) error{
		"decided anew": func(ctx context.Context) error {
			value, err := valueOf(reflect.ValueOf(in))
			if err == nil {
				_, err = e.eval(ctx, e.login, loginQuery, rego.EvalParsedInput(value))
			}
			return err
		},
		"known and masked": func(ctx context.Context) error { _, err := e.Login(ctx, in); return err },
		"known, masked and written": func(ctx context.Context) error {
			v, err := e.Login(ctx, in)
			if err == nil {
				_, err = v.Kept.JSON()
			}
			return err
		},
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
