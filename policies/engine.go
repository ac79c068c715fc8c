package policies

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

//go:embed data.json login asked capabilities settings console records parameters invariants
var shipped embed.FS

// Shipped are the policies that come with the program.
func Shipped() fs.FS { return shipped }

// Schemas are the JSON Schemas of what policies are asked and answer, in the folder schema.
func Schemas() fs.FS { return schemaFiles }

// What is asked of a set.
const (
	loginQuery        = "data.nidan.login.decision"
	capabilitiesQuery = "data.nidan.capabilities.decision"
	settingsQuery     = "data.nidan.settings.decision"
	consoleQuery      = "data.nidan.console.decision"
	maskQuery         = "data.nidan.records.mask"
)

// DecideWithin is how long a decision may take where nothing else is said. The shipped policies take less than a millisecond;
// Kratos and a person wait meanwhile.
const DecideWithin = 500 * time.Millisecond

// Engine is one set of policies, compiled. It never changes and is safe for concurrent use.
type Engine struct {
	login        rego.PreparedEvalQuery
	capabilities rego.PreparedEvalQuery
	settings     rego.PreparedEvalQuery
	console      rego.PreparedEvalQuery
	mask         rego.PreparedEvalQuery
	never        map[string]rego.PreparedEvalQuery // by question
	decisions    *known[decided]
	maskings     *known[[]maskRule]
	compiler     *ast.Compiler
	masks        *ast.Compiler // another one where the set does not say what to mask
	set          *Set
	named        func() map[string]bool
	limit        time.Duration
}

// New loads and compiles a set of policies, as [Set.Compile] does.
func New(ctx context.Context, policies fs.FS) (*Engine, error) {
	set, err := Load(policies)
	if err != nil {
		return nil, err
	}
	return set.Compile(ctx, DecideWithin)
}

// Compile makes a set ready to decide, each time within the limit. It refuses a set that is not strict (unused variables and the
// like), reads a field the input does not have, uses a built-in it may not, or lacks the decision on a sign-in. One without another
// of the decisions gives none there, and one that does not say what to mask masks what the shipped policies do. What else a set has to
// hold before it decides about anybody is for [Check] to say.
func (s *Set) Compile(ctx context.Context, limit time.Duration) (*Engine, error) {
	compiler, err := compile(s.production())
	if err != nil {
		return nil, fmt.Errorf("compile the policies: %w", err)
	}
	if !defines(compiler, loginQuery) {
		return nil, Problem{Rule: "no-decision", Text: "the policies do not define " + loginQuery}
	}
	masks := compiler
	if !defines(compiler, maskQuery) {
		if masks, err = shippedMask(); err != nil {
			return nil, err
		}
	}
	e := &Engine{compiler: compiler, masks: masks, set: s, named: sync.OnceValue(s.named), limit: limit}
	if e.decisions, err = newKnown[decided](compiler, loginQuery, reflect.TypeFor[Input](), "now"); err != nil {
		return nil, err
	}
	if e.maskings, err = newKnown[[]maskRule](masks, maskQuery, reflect.TypeFor[RecordInput](), "input", "now"); err != nil {
		return nil, err
	}
	data := inmem.NewFromObject(s.data)
	for _, ask := range []struct {
		query string
		of    *ast.Compiler
		into  *rego.PreparedEvalQuery
	}{
		{loginQuery, compiler, &e.login}, {capabilitiesQuery, compiler, &e.capabilities}, {settingsQuery, compiler, &e.settings},
		{consoleQuery, compiler, &e.console}, {maskQuery, masks, &e.mask},
	} {
		// StrictBuiltinErrors: without it, a failing built-in counts as undefined, and a rule that would have refused is
		// passed over.
		*ask.into, err = rego.New(rego.Query(ask.query), rego.Compiler(ask.of), rego.Store(data), rego.StrictBuiltinErrors(true)).
			PrepareForEval(ctx)
		if err != nil {
			return nil, fmt.Errorf("prepare %s: %w", ask.query, err)
		}
	}
	if err := e.prepareInvariants(ctx, data); err != nil {
		return nil, err
	}
	return e, nil
}

// Set is what the engine was made of.
func (e *Engine) Set() *Set { return e.set }

// Limit is how long a decision may take.
func (e *Engine) Limit() time.Duration { return e.limit }

// Revision is that of the set.
func (e *Engine) Revision() string { return e.set.revision }

// Capabilities says what a session may do. An error means that it may do nothing.
func (e *Engine) Capabilities(ctx context.Context, in CapabilitiesInput) (Capabilities, error) {
	answer, err := e.eval(ctx, e.capabilities, capabilitiesQuery, rego.EvalInput(in))
	if err != nil {
		return Capabilities{}, err
	}
	return decodeCapabilities(answer)
}

// Console says whether somebody may see or change something in the console. An error means that they may not.
func (e *Engine) Console(ctx context.Context, in ConsoleInput) (ConsoleDecision, error) {
	answer, err := e.eval(ctx, e.console, consoleQuery, rego.EvalInput(in))
	if err != nil {
		return ConsoleDecision{}, err
	}
	return decodeConsole(answer)
}

// eval asks one question. No answer, more than one, or one that takes too long is an error. Whatever the policy was building
// when its time was up is garbage then.
func (e *Engine) eval(ctx context.Context, q rego.PreparedEvalQuery, name string, in ...rego.EvalOption) (any, error) {
	return evalWithin(ctx, e.limit, q, name, in...)
}

func evalWithin(ctx context.Context, limit time.Duration, q rego.PreparedEvalQuery, name string, in ...rego.EvalOption) (any, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	results, err := q.Eval(limited, in...)
	// Also where an answer came a moment after: what the gate takes for slow is slow in earnest too.
	if limited.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("evaluate %s: %w: longer than %v", name, ErrTooSlow, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("evaluate %s: %w", name, err)
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, errors.New(name + " is undefined: no rule gives it a value here")
	}
	return results[0].Expressions[0].Value, nil
}

func isTooSlow(err error) bool { return errors.Is(err, ErrTooSlow) }

// ErrTooSlow is the error of a decision that was cut off.
var ErrTooSlow = errors.New("the policy took too long")
