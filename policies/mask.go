package policies

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// RecordInput is the input of data.nidan.records.mask: a sign-in and the decision about it.
type RecordInput struct {
	Input  *Input    `json:"input"`
	Result *Decision `json:"result"`
}

// maskRule is one value that must not be recorded, in the format of OPA's data.system.log.mask.
type maskRule struct {
	Op    string `json:"op" jsonschema:"required,enum=remove,enum=upsert,description=take it out\\, or put another value in its place"`
	Path  string `json:"path" jsonschema:"required,title=a JSON Pointer that begins with /input/ or /result/,pattern=^/(input|result)/,description=RFC 6901"`
	Value any    `json:"value" jsonschema:"description=of an upsert"`

	names []string // of the path, below /input or /result
	json  []byte   // the value as JSON
}

// shippedMask compiles the shipped mask, for sets without a mask. It is compiled alone, so that other rules of the set in the same
// package cannot change it.
func shippedMask() (*ast.Compiler, error) {
	const path = "records/records.rego"
	text, err := fs.ReadFile(Shipped(), path)
	if err != nil {
		return nil, fmt.Errorf("read the shipped mask: %w", err)
	}
	m, err := ast.ParseModuleWithOpts(path, string(text), ast.ParserOptions{ProcessAnnotation: true, Capabilities: capabilities()})
	if err != nil {
		return nil, fmt.Errorf("read the shipped mask: %w", err)
	}
	return compile(map[string]*ast.Module{path: m})
}

// masking returns the mask rules for a sign-in. They are cached by what the policies read to find them.
func (e *Engine) masking(ctx context.Context, s *signIn) ([]maskRule, error) {
	about := RecordInput{Input: s.in}
	if s.decided != nil {
		about.Result = &s.decided.Decision
	}
	return e.maskings.of(&about, func() ([]maskRule, error) {
		input, err := s.value()
		if err != nil {
			return nil, err
		}
		return e.maskRules(ctx, input, about.Result)
	})
}

func (e *Engine) maskRules(ctx context.Context, input ast.Value, d *Decision) ([]maskRule, error) {
	result, err := valueOf(reflect.ValueOf(d))
	if err != nil {
		return nil, fmt.Errorf("encode a decision: %w", err)
	}
	event := ast.NewObject([2]*ast.Term{ast.StringTerm("input"), ast.NewTerm(input)}, [2]*ast.Term{ast.StringTerm("result"), ast.NewTerm(result)})
	answer, err := e.eval(ctx, e.mask, maskQuery, rego.EvalParsedInput(event))
	if err != nil {
		return nil, err
	}
	return decodeMask(answer)
}

// decodeMask reads a policy's answer. The order of the rules is always the same: removals come last.
func decodeMask(answer any) (rules []maskRule, err error) {
	if err := decodeStrictly(answer, &rules); err != nil {
		return nil, fmt.Errorf("decode what must not be kept: %w", err)
	}
	for i := range rules {
		if err := rules[i].prepare(); err != nil {
			return nil, fmt.Errorf("what must not be kept is not valid: %w", err)
		}
	}
	slices.SortStableFunc(rules, func(a, b maskRule) int { return cmp.Or(-cmp.Compare(a.Op, b.Op), cmp.Compare(a.Path, b.Path)) })
	return rules, nil
}

// prepare checks a rule, and prepares what each masked sign-in needs.
func (r *maskRule) prepare() (err error) {
	if r.Op != "remove" && r.Op != "upsert" {
		return fmt.Errorf("op %q is neither remove nor upsert", r.Op)
	}
	if !strings.HasPrefix(r.Path, "/input/") && !strings.HasPrefix(r.Path, "/result/") {
		return fmt.Errorf("the path %q begins with neither /input/ nor /result/", r.Path)
	}
	r.names = namesIn(r.Path)[1:]
	r.json, err = json.Marshal(r.Value)
	return err
}

// namesIn returns the names in a JSON Pointer.
func namesIn(pointer string) []string {
	names := strings.Split(pointer[1:], "/")
	if !strings.Contains(pointer, "~") {
		return names
	}
	for i, name := range names {
		names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	}
	return names
}
