package policies

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// ErrRefused is the error of a set that must not decide about anybody. What is wrong stands in its text.
var ErrRefused = errors.New("the policies are refused")

// mostSaid is how much of what is wrong with a set is said.
const mostSaid = 20

// Check is the gate that a set has to pass before it decides about anybody. Beyond what [Set.Compile] asks, the tests that
// come with the set have to hold, and every sign-in that they decide has to get a valid decision within the limit, under the
// set's own data; so has each of the usual ones, for a set whose tests forget some. The report says as much as could be found out.
func Check(ctx context.Context, s *Set, limit time.Duration) (*Engine, Report, error) {
	r := Report{Revision: s.revision}
	e, err := s.Compile(ctx, limit)
	if err == nil {
		err = errors.Join(e.complete(), e.typed())
	}
	if err != nil {
		return nil, r, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	inputs, err := s.test(ctx, &r)
	if err != nil {
		return nil, r, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	var wrong []error
	for _, t := range r.Failed() {
		wrong = append(wrong, fmt.Errorf("%s: %s: %s", t.Location, t.Name, t.Failure))
	}
	for _, input := range inputs {
		r.Cases++
		if err := e.tryLogin(ctx, input); err != nil {
			wrong = append(wrong, fmt.Errorf("a sign-in of the tests, %s: %w", brief(input), err))
		}
	}
	if len(wrong) == 0 {
		wrong = append(wrong, e.tryUsual(ctx))
	}
	if more := len(wrong) - mostSaid; more > 0 {
		wrong = append(wrong[:mostSaid], fmt.Errorf("and %d more", more))
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, r, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return e, r, nil
}

// complete says whether all that is asked of a set is there. Masks need not be, nor the decision on a new password: a set that was
// made before there was one refuses every new password, and goes on deciding sign-ins.
func (e *Engine) complete() error {
	var lacking []error
	for _, query := range []string{capabilitiesQuery, consoleQuery} {
		if !defines(e.compiler, query) {
			lacking = append(lacking, fmt.Errorf("the policies do not define %s", query))
		}
	}
	return errors.Join(lacking...)
}

func defines(c *ast.Compiler, query string) bool {
	return len(c.GetRulesExact(ast.MustParseRef(query))) > 0
}

// typed says whether each rule that reads the input names the schema of it: without one, OPA checks nothing, and a misspelt
// field is a fact that is never there.
func (e *Engine) typed() error {
	var untyped []error
	annotations := e.compiler.GetAnnotationSet()
	for _, path := range slices.Sorted(maps.Keys(e.set.production())) {
		for _, r := range e.compiler.Modules[path].Rules {
			if readsInput(r) && !namesSchema(annotations.Chain(r)) {
				untyped = append(untyped, fmt.Errorf("%s: %s reads the input, and no annotation names its schema", r.Location, r.Head.Name))
			}
		}
	}
	return errors.Join(untyped...)
}

func readsInput(r *ast.Rule) (reads bool) {
	ast.WalkRefs(r, func(ref ast.Ref) bool {
		reads = reads || ref.HasPrefix(ast.InputRootRef)
		return reads
	})
	return reads
}

func namesSchema(chain ast.AnnotationsRefSet) bool {
	return slices.ContainsFunc(chain, func(a *ast.AnnotationsRef) bool {
		return a.Annotations != nil && slices.ContainsFunc(a.Annotations.Schemas, func(s *ast.SchemaAnnotation) bool {
			return s.Path.Equal(ast.InputRootRef) && s.Schema != nil // and not one written down on the spot
		})
	})
}

// tryLogin decides a sign-in that need not be a whole [Input], and asks what of it must not be kept.
func (e *Engine) tryLogin(ctx context.Context, input ast.Value) error {
	answer, err := e.eval(ctx, e.login, loginQuery, rego.EvalParsedInput(input))
	if err != nil {
		return err
	}
	d, err := decodeDecision(answer)
	if err == nil && e.masks {
		_, err = e.maskRules(ctx, input, &d)
	}
	return err
}

func brief(v ast.Value) string {
	text := v.String()
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return text
}
