package policies

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
)

// The schemas are not named .json: without --bundle, the opa command reads each .json file in the folder as data, and the schemas
// would conflict.
//
//go:embed schema/*.jsonschema
var schemaFiles embed.FS

const schemaExt = ".jsonschema"

func schemaFile(name string) string { return "schema/" + name + schemaExt }

// Set is a loaded set of policies with its tests. It never changes.
type Set struct {
	modules  map[string]*ast.Module
	data     map[string]any
	files    []File
	sources  []File // the data files as they are written; nil: not known
	revision string
	name     string
}

// File is a file of a set.
type File struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// Load reads a set of policies: every .rego file, and data.json or data.yaml in any folder. It refuses files that do not parse, and
// data files that OPA would not read.
func Load(policies fs.FS) (*Set, error) {
	if err := passedOver(policies); err != nil {
		return nil, fmt.Errorf("load the policies: %w", err)
	}
	sources, err := dataSources(policies)
	if err == nil {
		err = notJSON(sources)
	}
	if err != nil {
		return nil, fmt.Errorf("load the policies: %w", err)
	}
	loader, err := bundle.NewFSLoader(policies)
	if err != nil {
		return nil, fmt.Errorf("load the policies: %w", err)
	}
	b, err := bundle.NewCustomReader(loader).WithProcessAnnotations(true).WithCapabilities(capabilities()).Read()
	if err != nil {
		return nil, fmt.Errorf("load the policies: %w", loadErrors(err))
	}
	s, err := FromBundle(&b)
	if err != nil {
		return nil, err
	}
	s.sources = sources
	return s, nil
}

// Read reads the set of policies at a path: a folder, or an OPA bundle (.tar.gz), whose signature is not checked, or a layer over
// the shipped policies. A layer is a folder ([IsLayer]) or a data file.
func Read(path string) (*Set, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("load the policies: %w", err)
	}
	switch isData := slices.Contains(dataEndings, strings.ToLower(filepath.Ext(path))); {
	case info.IsDir() && IsLayer(Folder(path)), !info.IsDir() && isData:
		return ReadLayer(path)
	case info.IsDir():
		return Load(Folder(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load the policies: %w", err)
	}
	defer f.Close()
	archive, err := Archive(f)
	if err != nil {
		return nil, noBundle(path, err)
	}
	b, err := bundle.NewCustomReader(bundle.NewTarballLoaderWithBaseURL(bytes.NewReader(archive), "")).WithSkipBundleVerification(true).Read()
	if err != nil {
		return nil, noBundle(path, loadErrors(err))
	}
	return FromBundle(&b)
}

func noBundle(path string, err error) error {
	if len(Problems(err)) == 0 {
		err = Problem{Rule: "bundle", Text: fmt.Sprintf("%s is neither a folder nor a bundle: %v", path, err), err: err}
	}
	return fmt.Errorf("load the policies: %w", err)
}

// FromBundle makes a set of policies from an OPA bundle that was read and verified.
func FromBundle(b *bundle.Bundle) (*Set, error) {
	s := &Set{modules: make(map[string]*ast.Module), data: b.Data, name: b.Manifest.Revision}
	digest := sha256.New()
	for _, m := range b.Modules {
		// The module is parsed again, so that errors and records have the file name as its author wrote it: in a bundle, names
		// begin with "/".
		path := strings.TrimPrefix(m.Path, "/")
		parsed, err := ast.ParseModuleWithOpts(path, string(m.Raw), ast.ParserOptions{
			ProcessAnnotation: true, Capabilities: capabilities(),
		})
		if err != nil {
			return nil, fmt.Errorf("load the policies: %w", loadErrors(err))
		}
		s.modules[path] = parsed
		s.files = append(s.files, File{path, string(m.Raw)})
		fmt.Fprintf(digest, "%q %q\n", path, m.Raw)
	}
	if len(s.modules) == 0 {
		return nil, fmt.Errorf("load the policies: %w", Problem{Rule: "no-decision", Text: "no .rego file found"})
	}
	data, err := json.MarshalIndent(b.Data, "", "    ") // with sorted keys
	if err != nil {
		return nil, fmt.Errorf("encode the data: %w", err)
	}
	digest.Write(data)
	s.files = append(s.files, File{"data.json", string(data)})
	s.revision = hex.EncodeToString(digest.Sum(nil))[:16]
	return s, nil
}

// FromFiles makes a set from the files of [Set.Files]. It has the same revision.
func FromFiles(files []File) (*Set, error) {
	b := &bundle.Bundle{Data: map[string]any{}}
	for _, f := range files {
		if f.Path != dataFiles[0] {
			b.Modules = append(b.Modules, bundle.ModuleFile{Path: f.Path, Raw: []byte(f.Text)})
			continue
		}
		numbers := json.NewDecoder(strings.NewReader(f.Text))
		numbers.UseNumber() // as OPA does
		if err := numbers.Decode(&b.Data); err != nil {
			return nil, fmt.Errorf("load the policies: %s: %w", f.Path, err)
		}
	}
	return FromBundle(b)
}

// Name returns the name from the manifest of the set's bundle. It may be empty.
func (s *Set) Name() string { return s.name }

// Revision returns a digest of the set: sets that may decide differently have different revisions.
func (s *Set) Revision() string { return s.revision }

// Files returns the files of the set. One of them, data.json, has all of its data.
func (s *Set) Files() []File { return s.files }

// production returns the modules without the tests.
func (s *Set) production() map[string]*ast.Module {
	modules := make(map[string]*ast.Module)
	for path, m := range s.modules {
		if !strings.HasSuffix(path, "_test.rego") {
			modules[path] = m
		}
	}
	return modules
}

// compile compiles modules in strict mode and checks them against the schema of the input. It works on copies, because compiling
// changes a module.
func compile(modules map[string]*ast.Module) (*ast.Compiler, error) {
	c, err := newCompiler()
	if err != nil {
		return nil, err
	}
	copies := make(map[string]*ast.Module, len(modules))
	for path, m := range modules {
		copies[path] = m.Copy()
	}
	if c.WithStrict(true).Compile(copies); c.Failed() {
		return nil, compileErrors(c.Errors)
	}
	return c, nil
}

// newCompiler returns a compiler that checks types against the schemas and allows only the permitted built-ins. It reports all
// errors, not only the first ones.
func newCompiler() (*ast.Compiler, error) {
	schemas, err := schemas()
	if err != nil {
		return nil, err
	}
	return ast.NewCompiler().SetErrorLimit(0).WithCapabilities(capabilities()).WithSchemas(schemas).WithUseTypeCheckAnnotations(true), nil
}

// schemas returns the schemas in schema/, by the names that annotations use.
func schemas() (*ast.SchemaSet, error) {
	set := ast.NewSchemaSet()
	files, err := schemaFiles.ReadDir("schema")
	if err != nil {
		return nil, fmt.Errorf("read the schemas: %w", err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), schemaExt)
		raw, err := schemaFiles.ReadFile(schemaFile(name))
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

// capabilities returns OPA's built-ins without those that would make a decision depend on anything but its input: the network, the
// clock, the environment and random numbers. A policy that uses such a built-in does not compile.
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
