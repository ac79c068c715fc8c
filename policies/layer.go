package policies

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Layer returns the files that [Over] lays over the shipped policies, and the folder to watch for changes. The name is a folder or
// a data file. It need not exist yet.
func Layer(name string) (files fs.FS, dir string) {
	info, err := os.Stat(name)
	if slices.Contains(dataEndings, strings.ToLower(filepath.Ext(name))) && (err != nil || !info.IsDir()) {
		dir = filepath.Dir(name)
		return single{Folder(dir), filepath.Base(name)}, dir
	}
	return Folder(name), name
}

// single is a folder that shows one file only.
type single struct {
	fs.FS
	name string
}

// ReadDir implements [fs.ReadDirFS].
func (s single) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return name != "." || e.Name() != s.name }), err
}

// packageLine matches the line of a Rego file that names its package.
var packageLine = regexp.MustCompile(`(?m)^[ \t]*package[ \t]+([\w.]+)`)

// IsLayer says whether a folder is a layer, and not a whole set of policies: its rules are in packages below "custom" only, or it
// has data and no rules.
func IsLayer(files fs.FS) bool {
	found, whole := false, false
	_ = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path.Ext(name) == ".rego":
			text, err := fs.ReadFile(files, name)
			of := packageLine.FindSubmatch(text)
			whole = whole || err != nil || of == nil || !strings.HasPrefix(string(of[1])+".", "custom.")
			found = true
		default:
			found = found || slices.Contains(dataFiles, d.Name())
		}
		return nil
	})
	return found && !whole
}

// Over returns a set of policies with a layer over it. The layer's data replaces the set's data name by name. Its rules are in the
// packages that the set asks. The set does not change where the layer names nothing, so a later version can take its place.
func Over(base, layer fs.FS) (*Set, error) {
	set, err := Load(base)
	if err != nil {
		return nil, err
	}
	data, modules, err := readLayer(layer)
	if err != nil {
		return nil, fmt.Errorf("load the layer: %w", err)
	}
	sources, err := layerSources(layer)
	if err != nil {
		return nil, fmt.Errorf("load the layer: %w", err)
	}
	data, found := withChannels(set.data, data)
	found = slices.Concat(found, strangers(set, data, modules), misnamed(set.data, data))
	for i, f := range found {
		if names, isData := strings.CutPrefix(f.of, "data."); isData {
			found[i].at, found[i].of = (&Set{sources: sources}).DataPlace(strings.Split(names, ".")...), ""
		}
	}
	if err := together(found); err != nil {
		return nil, fmt.Errorf("load the layer: %w", err)
	}
	over := &bundle.Bundle{Data: merged(set.data, data), Modules: modules}
	for _, f := range set.files {
		if f.Path != dataFiles[0] {
			over.Modules = append(over.Modules, bundle.ModuleFile{Path: f.Path, Raw: []byte(f.Text)})
		}
	}
	made, err := FromBundle(over)
	if err == nil {
		made.sources = sources // the set below has no mistakes, so a mistake in the data is in the layer's files
	}
	return made, err
}

func layerSources(layer fs.FS) ([]File, error) {
	one, ok := layer.(single)
	if !ok {
		return dataSources(layer)
	}
	text, err := fs.ReadFile(one, one.name)
	return []File{{one.name, string(text)}}, err
}

func readLayer(layer fs.FS) (map[string]any, []bundle.ModuleFile, error) {
	if one, ok := layer.(single); ok {
		text, err := fs.ReadFile(one, one.name)
		if err != nil {
			return nil, nil, err
		}
		var data map[string]any
		if err := util.Unmarshal(text, &data); err != nil { // JSON is YAML, too
			return nil, nil, fmt.Errorf("%s: %w", one.name, err)
		}
		return data, nil, nil
	}
	if err := passedOver(layer); err != nil {
		return nil, nil, err
	}
	loader, err := bundle.NewFSLoader(layer)
	if err != nil {
		return nil, nil, err
	}
	b, err := bundle.NewCustomReader(loader).WithProcessAnnotations(true).WithCapabilities(capabilities()).Read()
	if err != nil {
		return nil, nil, err
	}
	if len(b.Modules) == 0 && len(b.Data) == 0 {
		return nil, nil, fmt.Errorf("there is neither data nor a .rego file: the data stands in %s", dataFiles[0])
	}
	return b.Data, b.Modules, nil
}

// strangers returns what does not belong into a layer.
func strangers(base *Set, data map[string]any, modules []bundle.ModuleFile) (found []finding) {
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if name != "parameters" && name != "custom" {
			found = append(found, finding{rule: "layer", of: "data." + name, err: errors.New("data." + name + " is not known" + orMeant(name, []string{"parameters", "custom"}))})
		}
	}
	packages := customPackages()
	for i, p := range packages {
		packages[i] = strings.TrimPrefix(p, "data.")
	}
	for _, m := range modules {
		file, of := strings.TrimPrefix(m.Path, "/"), strings.TrimPrefix(m.Parsed.Package.Path.String(), "data.")
		if base.modules[file] != nil {
			found = append(found, finding{rule: "layer", at: file, err: errors.New("the policies that ship have a file of that name: name it otherwise")})
		}
		if !slices.Contains(packages, strings.TrimSuffix(of, "_test")) {
			found = append(found, finding{rule: "layer", at: at(m.Parsed.Package.Location), err: fmt.Errorf(
				"the rules of a layer stand in the packages %s, and not in %s%s. A whole set of policies is for policies.dir",
				or(packages), of, orMeant(of, slices.Clone(packages)))})
		}
	}
	return found
}

// misnamed returns the parameters of a layer that do not exist in the set below: they are misspelt, or no longer exist.
func misnamed(base, layer map[string]any) []finding {
	over, isObject := layer["parameters"].(map[string]any)
	all, err := shapes()
	switch {
	case layer["parameters"] == nil:
		return nil
	case err == nil && !isObject:
		err = errors.New("must be of type object")
	}
	if err != nil {
		return []finding{{rule: "layer", of: "data.parameters", err: fmt.Errorf("data.parameters %w", err)}}
	}
	below, _ := base["parameters"].(map[string]any)
	return misnamedIn([]string{"data", "parameters"}, all[parametersSchema], below, over)
}

func misnamedIn(at []string, s *jsonschema.Schema, base, layer map[string]any) (found []finding) {
	_, anyName := s.AdditionalProperties.(*jsonschema.Schema)
	for _, name := range slices.Sorted(maps.Keys(layer)) {
		place := append(slices.Clone(at), name)
		below, there := base[name]
		// An optional field of a channel need not be in the shipped data.
		optional := len(at) > 3 && s.Properties[name] != nil
		if !there && !optional && (!anyName || layer[name] == nil) {
			found = append(found, finding{rule: "layer", of: strings.Join(place, "."), err: errors.New(strings.Join(place, ".") +
				" is not in the policies that ship" + orMeant(name, slices.Collect(maps.Keys(base))))})
			continue
		}
		members, isObject := layer[name].(map[string]any)
		if object, ok := below.(map[string]any); ok && isObject {
			found = append(found, misnamedIn(place, schemaAt(s, []string{name}), object, members)...)
		}
	}
	return found
}

// merged returns data with a layer over it, as a JSON Merge Patch (RFC 7396): objects are merged name by name, null removes a name,
// and any other value replaces the old one. At the top level, a null is ignored: in YAML, it is a name whose entries are all
// comments.
func merged(base, layer map[string]any) map[string]any {
	made := maps.Clone(base)
	for name, over := range layer {
		if over == nil {
			continue
		}
		made[name] = patched(base[name], over)
	}
	return made
}

func patched(base, over any) any {
	layer, ok := over.(map[string]any)
	if !ok {
		return over
	}
	made := map[string]any{}
	if below, ok := base.(map[string]any); ok {
		made = maps.Clone(below)
	}
	for name, value := range layer {
		if value == nil {
			delete(made, name)
			continue
		}
		made[name] = patched(made[name], value)
	}
	return made
}

// ReadLayer reads the layer at a path, and lays it over the shipped policies.
func ReadLayer(name string) (*Set, error) {
	layer, _ := Layer(name)
	return Over(Shipped(), layer)
}
