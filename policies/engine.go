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

// Shipped returns the policies that come with the program.
func Shipped() fs.FS { return shipped }

// Schemas returns the JSON Schemas of the policies' inputs and answers, in the folder schema.
func Schemas() fs.FS { return schemaFiles }

// The questions that a set is asked.
const (
	loginQuery        = "data.nidan.login.decision"
	capabilitiesQuery = "data.nidan.capabilities.decision"
	settingsQuery     = "data.nidan.settings.decision"
	consoleQuery      = "data.nidan.console.decision"
	maskQuery         = "data.nidan.records.mask"
)

// DecideWithin is the default limit for one decision. The shipped policies take less than a millisecond. Kratos and a person wait
// for the decision.
const DecideWithin = 500 * time.Millisecond

// Engine is a compiled set of policies. It never changes, and is safe for concurrent use.
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
	masks        *ast.Compiler // the shipped mask if the set has none
	set          *Set
	named        func() map[string]bool
	limit        time.Duration
}

// New loads a set of policies and compiles it, see [Set.Compile].
func New(ctx context.Context, policies fs.FS) (*Engine, error) {
	set, err := Load(policies)
	if err != nil {
		return nil, err
	}
	return set.Compile(ctx, DecideWithin)
}

// Compile makes a set ready to decide, with a limit for each decision. It refuses a set that is not strict (unused variables and
// the like), that reads a field which the input does not have, that uses a forbidden built-in, or that does not define the decision
// on a sign-in. If another decision is not defined, that question has no answer. If the set has no mask, the engine uses the
// shipped one. [Check] makes all further checks before a set decides about anybody.
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
		// StrictBuiltinErrors: otherwise a failing built-in would count as undefined, and a rule that should refuse would be
		// skipped.
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

// Set returns the set that the engine was made of.
func (e *Engine) Set() *Set { return e.set }

// Limit returns how long a decision may take.
func (e *Engine) Limit() time.Duration { return e.limit }

// Revision returns the revision of the set.
func (e *Engine) Revision() string { return e.set.revision }

// Capabilities says what a session may do. After an error, the session may do nothing.
func (e *Engine) Capabilities(ctx context.Context, in CapabilitiesInput) (Capabilities, error) {
	answer, err := e.eval(ctx, e.capabilities, capabilitiesQuery, rego.EvalInput(in))
	if err != nil {
		return Capabilities{}, err
	}
	return decodeCapabilities(answer)
}

// Console says whether a visitor may see or change something in the console. After an error, the visitor may not.
func (e *Engine) Console(ctx context.Context, in ConsoleInput) (ConsoleDecision, error) {
	answer, err := e.eval(ctx, e.console, consoleQuery, rego.EvalInput(in))
	if err != nil {
		return ConsoleDecision{}, err
	}
	return decodeConsole(answer)
}

// eval asks one question. No answer, several answers, or an answer after the limit is an error. What the policy has built when the
// limit ends is garbage.
func (e *Engine) eval(ctx context.Context, q rego.PreparedEvalQuery, name string, in ...rego.EvalOption) (any, error) {
	return evalWithin(ctx, e.limit, q, name, in...)
}

func evalWithin(ctx context.Context, limit time.Duration, q rego.PreparedEvalQuery, name string, in ...rego.EvalOption) (any, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	results, err := q.Eval(limited, in...)
	// An answer right after the limit is an error, too: what is too slow for the gate must also be too slow for a sign-in.
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

// ErrTooSlow is the error for a decision that was stopped at its limit.
var ErrTooSlow = errors.New("the policy took too long")
