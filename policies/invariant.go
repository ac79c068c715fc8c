package policies

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
)

// invariants is the beginning of the packages with invariants, one package for each question: nidan.invariants.login.
const invariants = "nidan.invariants."

// neverQuery is the query for the invariants of a question.
func (q Question) neverQuery() string { return "data." + invariants + q.Name + ".never" }

// prepareInvariants prepares the queries for the set's invariants. A set need not have any.
func (e *Engine) prepareInvariants(ctx context.Context, data storage.Store) error {
	e.never = make(map[string]rego.PreparedEvalQuery)
	for _, q := range Questions() {
		query := q.neverQuery()
		if !defines(e.compiler, query) {
			continue
		}
		prepared, err := rego.New(rego.Query(query), rego.Compiler(e.compiler), rego.Store(data), rego.StrictBuiltinErrors(true)).PrepareForEval(ctx)
		if err != nil {
			return fmt.Errorf("prepare %s: %w", query, err)
		}
		e.never[q.Name] = prepared
	}
	return nil
}

// Never returns the invariants that an input breaks: texts from the set's own rules that say what must never happen. It is empty if
// no invariant is broken.
func (e *Engine) Never(ctx context.Context, q Question, in ast.Value) ([]string, error) {
	prepared, ok := e.never[q.Name]
	if !ok {
		return nil, nil
	}
	answer, err := evalWithin(ctx, patience*e.limit, prepared, q.neverQuery(), rego.EvalParsedInput(in), withoutIndex)
	if err != nil {
		return nil, err
	}
	var never []string
	if err := decodeStrictly(answer, &never); err != nil {
		return nil, fmt.Errorf("decode %s: it must be texts: %w", q.neverQuery(), err)
	}
	return never, nil
}

// WithInvariantsOf returns the set with the invariants of another set in place of its own. With it, invariants that held before a
// change can be checked after the change.
func (s *Set) WithInvariantsOf(other *Set) *Set {
	made := *s
	made.modules = maps.Clone(s.modules)
	maps.DeleteFunc(made.modules, isInvariant)
	for path, m := range other.production() {
		if isInvariant(path, m) {
			made.modules["before/"+path] = m
		}
	}
	return &made
}

// SameInvariants says whether two sets have the same invariants, byte for byte.
func (s *Set) SameInvariants(other *Set) bool {
	return maps.Equal(s.invariants(), other.invariants())
}

func (s *Set) invariants() map[string]string {
	found := map[string]string{}
	for _, f := range s.files {
		if m := s.production()[f.Path]; m != nil && isInvariant(f.Path, m) {
			found[f.Path] = f.Text
		}
	}
	return found
}

func isInvariant(_ string, m *ast.Module) bool {
	return strings.HasPrefix(m.Package.Path.String(), "data."+invariants)
}
