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

// ErrRefused is the error for a set that must not decide about anybody. Its text says what is wrong.
var ErrRefused = errors.New("the policies are refused")

// Check is the gate that a set must pass before it decides about anybody. In addition to [Set.Compile]: the data and the answers of
// the rules must fulfil the schemas, as far as that can be seen without an evaluation; the tests of the set must pass; and each
// sign-in in these tests must get a valid decision within the limit, under the set's own data. The same holds for some usual
// sign-ins, in case the tests forget them. The report has everything that was found out.
func Check(ctx context.Context, s *Set, limit time.Duration) (*Engine, Report, error) {
	r := Report{Revision: s.revision}
	err := together(s.wrongCustomRules()) // first: otherwise OPA would report the mistake in the rules that ask for them
	var e *Engine
	if err == nil {
		e, err = s.Compile(ctx, limit)
	}
	if err == nil {
		err = e.inspect()
	}
	var inputs []ast.Value
	if err == nil {
		inputs, err = s.test(ctx, &r)
	}
	if err == nil {
		err = errors.Join(failures(r), e.tryAll(ctx, inputs, &r))
	}
	if err == nil {
		err = e.tryUsual(ctx)
	}
	if err != nil {
		return nil, r, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return e, r, nil
}

// inspect returns what is wrong with the text of a set.
func (e *Engine) inspect() error {
	parameters, err := e.set.wrongParameters()
	if err != nil {
		return err
	}
	answers, err := e.set.impossible()
	if err != nil {
		return err
	}
	var strays []finding
	if len(parameters) == 0 { // otherwise the misspelt parameter is the cause
		strays = e.strayReferences()
	}
	return together(slices.Concat(e.lacking(), e.untyped(), parameters, strays, answers, e.unasked()))
}

func failures(r Report) error {
	var found []finding
	for _, t := range r.Failed() {
		what := t.Failure
		if t.Seen != "" {
			what += ": " + t.Seen
		}
		found = append(found, finding{rule: "failing-test", at: t.Location + ": " + t.Name, err: errors.New(what)})
	}
	return together(found)
}

// tryAll decides the sign-ins of the tests.
func (e *Engine) tryAll(ctx context.Context, inputs []ast.Value, r *Report) error {
	var found []finding
	for _, input := range inputs {
		r.Cases++
		if _, err := e.tryLogin(ctx, input); err != nil {
			found = append(found, finding{rule: "undecided", at: "a sign-in of the tests", of: shorten(input.String(), mostSignIn), err: err})
			if isTooSlow(err) {
				break // the others may be slow, too
			}
		}
	}
	return together(found)
}

// lacking returns the decisions that a set must define and does not. The mask is optional. So is the decision on settings: a set
// that was made before it existed refuses every change of the settings, and still decides sign-ins.
func (e *Engine) lacking() (found []finding) {
	for _, query := range []string{capabilitiesQuery, consoleQuery} {
		if !defines(e.compiler, query) {
			found = append(found, finding{rule: "no-decision", err: fmt.Errorf("the policies do not define %s", query)})
		}
	}
	return found
}

func defines(c *ast.Compiler, query string) bool {
	return len(c.GetRulesExact(ast.MustParseRef(query))) > 0
}

// untyped returns the files with rules that read the input without a schema for it. Without a schema, OPA does not check the fields: a
// misspelt field would be a fact that is always missing.
func (e *Engine) untyped() (found []finding) {
	annotations := e.compiler.GetAnnotationSet()
	for _, path := range slices.Sorted(maps.Keys(e.set.production())) {
		var rules []*ast.Rule
		for _, r := range e.compiler.Modules[path].Rules {
			if readsInput(r) && !namesSchema(annotations.Chain(r)) {
				rules = append(rules, r)
			}
		}
		if len(rules) == 0 {
			continue
		}
		more := ""
		if len(rules) > 1 {
			more = fmt.Sprintf(", and so do %d more rules here", len(rules)-1)
		}
		found = append(found, finding{rule: "annotation", at: at(rules[0].Location), err: fmt.Errorf(`%s reads the input, and no annotation names its schema%s. %s
# schemas:
#   - input: schema.%s`, rules[0].Head.Name, more, putSchema(rules[0].Module), schemaFor(rules[0].Module.Package.Path))})
	}
	return found
}

// putSchema says where in a file the name of a schema belongs. A package may have only one block of METADATA.
func putSchema(m *ast.Module) string {
	for _, a := range m.Annotations {
		if a.Scope == "package" {
			return fmt.Sprintf(`Put this into the METADATA above "package", after line %d:`, a.EndLoc().Row)
		}
	}
	return "Put this above \"package\":\n# METADATA"
}

// schemaFor returns the name of the schema for the input of a package.
func schemaFor(path ast.Ref) string {
	switch path.String() {
	case "data.nidan.capabilities", "data.nidan.settings", "data.nidan.invariants.capabilities", "data.nidan.invariants.settings",
		customRoot + "capabilities":
		return "capabilities"
	case "data.nidan.console", "data.nidan.invariants.console", customRoot + "console":
		return "console"
	case "data.nidan.records", "data.nidan.invariants.records":
		return "record"
	}
	return "input"
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
			return s.Path.Equal(ast.InputRootRef) && s.Schema != nil // not an inline schema
		})
	})
}

// tryLogin decides a sign-in, which need not be a complete [Input], and asks for its mask.
func (e *Engine) tryLogin(ctx context.Context, input ast.Value) (Decision, error) {
	answer, err := e.eval(ctx, e.login, loginQuery, rego.EvalParsedInput(input))
	if err != nil {
		return Decision{}, err
	}
	in, err := ast.JSON(input)
	if err != nil {
		return Decision{}, err
	}
	d, err := decodeFor(in, answer)
	if err == nil {
		err = outdated(d, answer)
	}
	if err == nil {
		_, err = e.maskRules(ctx, input, &d)
	}
	return d, err
}

const (
	// mostBrief bounds how many bytes of a value are shown.
	mostBrief = 200
	// mostSignIn bounds how many bytes of a sign-in are shown. A usual sign-in fits completely, so that it can be decided again.
	mostSignIn = 1000
)

func brief(v ast.Value) string { return shorten(v.String(), mostBrief) }

func shorten(text string, most int) string {
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
