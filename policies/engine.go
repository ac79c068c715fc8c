package policies

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

//go:embed data.json login
var shipped embed.FS

// Shipped are the policies that come with the program.
func Shipped() fs.FS { return shipped }

// loginQuery is what a sign-in asks.
const loginQuery = "data.nidan.login.decision"

// Engine is one set of policies, compiled. It never changes and is safe for concurrent use.
type Engine struct {
	login    rego.PreparedEvalQuery
	revision string
}

// New compiles a set of policies. It refuses one that does not parse, is not strict (unused variables and the like), reads
// a field the input does not have, uses a built-in it may not, or lacks the decision.
func New(ctx context.Context, policies fs.FS) (*Engine, error) {
	set, err := load(policies)
	if err != nil {
		return nil, fmt.Errorf("load the policies: %w", err)
	}
	compiler, err := compile(set.production())
	if err != nil {
		return nil, fmt.Errorf("compile the policies: %w", err)
	}
	if len(compiler.GetRulesExact(ast.MustParseRef(loginQuery))) == 0 {
		return nil, fmt.Errorf("the policies do not define %s", loginQuery)
	}
	login, err := rego.New(
		rego.Query(loginQuery),
		rego.Compiler(compiler),
		rego.Store(inmem.NewFromObject(set.data)),
		// Without this, a failing built-in counts as undefined, and a rule that would have refused is passed over.
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare the policies: %w", err)
	}
	return &Engine{login: login, revision: set.revision}, nil
}

// Revision is a digest of the set: two sets that may decide differently have different ones.
func (e *Engine) Revision() string { return e.revision }

// Login decides one sign-in. An error means that nothing was decided, and that nobody may be let in.
func (e *Engine) Login(ctx context.Context, in Input) (Decision, error) {
	results, err := e.login.Eval(ctx, rego.EvalInput(in))
	if err != nil {
		return Decision{}, fmt.Errorf("evaluate %s: %w", loginQuery, err)
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return Decision{}, errors.New(loginQuery + " is undefined")
	}
	return decodeDecision(results[0].Expressions[0].Value)
}
