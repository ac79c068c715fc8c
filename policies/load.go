package policies

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
)

//go:embed schema/*.json
var schemaFiles embed.FS

// set is a set of policies as read, tests included.
type set struct {
	modules  map[string]*ast.Module
	data     map[string]any
	revision string
}

func load(policies fs.FS) (*set, error) {
	loader, err := bundle.NewFSLoader(policies)
	if err != nil {
		return nil, err
	}
	b, err := bundle.NewCustomReader(loader).WithProcessAnnotations(true).WithCapabilities(capabilities()).Read()
	if err != nil {
		return nil, err
	}
	s := &set{modules: make(map[string]*ast.Module), data: b.Data}
	digest := sha256.New()
	for _, m := range b.Modules {
		s.modules[m.Path] = m.Parsed
		fmt.Fprintf(digest, "%q %q\n", m.Path, m.Raw)
	}
	if len(s.modules) == 0 {
		return nil, errors.New("no .rego file found")
	}
	data, err := json.Marshal(b.Data) // keys in order
	if err != nil {
		return nil, fmt.Errorf("encode the data: %w", err)
	}
	digest.Write(data)
	s.revision = hex.EncodeToString(digest.Sum(nil))[:16]
	return s, nil
}

// production are the modules without their tests.
func (s *set) production() map[string]*ast.Module {
	modules := make(map[string]*ast.Module)
	for path, m := range s.modules {
		if !strings.HasSuffix(path, "_test.rego") {
			modules[path] = m
		}
	}
	return modules
}

// compile checks modules strictly, against the schema of the input, and makes them ready. It works on copies: compiling
// changes a module.
func compile(modules map[string]*ast.Module) (*ast.Compiler, error) {
	schemas, err := schemas()
	if err != nil {
		return nil, err
	}
	copies := make(map[string]*ast.Module, len(modules))
	for path, m := range modules {
		copies[path] = m.Copy()
	}
	c := ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities()).
		WithSchemas(schemas).WithUseTypeCheckAnnotations(true)
	if c.Compile(copies); c.Failed() {
		return nil, c.Errors
	}
	return c, nil
}

// schemas are those of the inputs, by the names that annotations use.
func schemas() (*ast.SchemaSet, error) {
	set := ast.NewSchemaSet()
	for _, name := range []string{"input", "capabilities", "console"} {
		raw, err := schemaFiles.ReadFile("schema/" + name + ".json")
		if err != nil {
			return nil, fmt.Errorf("read a schema: %w", err)
		}
		var schema any
		if err := json.Unmarshal(raw, &schema); err != nil {
			return nil, fmt.Errorf("read the schema %s: %w", name, err)
		}
		set.Put(ast.MustParseRef("schema."+name), schema)
	}
	return set, nil
}

// capabilities are OPA's, less what would make a decision depend on anything but its input: the network, the clock, the
// environment and chance. A policy that uses such a built-in does not compile.
func capabilities() *ast.Capabilities {
	caps := ast.CapabilitiesForThisVersion()
	var pure []*ast.Builtin
	for _, b := range caps.Builtins {
		if !b.IsNondeterministic() {
			pure = append(pure, b)
		}
	}
	caps.Builtins = pure
	caps.AllowNet = []string{}
	return caps
}
