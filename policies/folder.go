package policies

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Folder is a folder of policies as [Load] reads it: symbolic links are what they lead to, and names that begin with a dot are
// not there. Kubernetes mounts a ConfigMap so: links to a folder of a hidden name.
func Folder(dir string) fs.FS { return folder{os.DirFS(dir)} }

type folder struct{ fs.FS }

// ReadDir implements [fs.ReadDirFS].
func (f folder) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(f.FS, name)
	if err != nil {
		return nil, err
	}
	var seen []fs.DirEntry
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := fs.Stat(f.FS, path.Join(name, e.Name()))
			if err != nil {
				return nil, err
			}
			e = fs.FileInfoToDirEntry(info)
		}
		seen = append(seen, e)
	}
	return seen, nil
}

// dataFiles are the names of the files that OPA reads data from.
var dataFiles = []string{"data.json", "data.yaml", "data.yml"}

// dataEndings are how the names of files of data end.
var dataEndings = []string{".json", ".yaml", ".yml"}

// passedOver names the files that look like data, and that OPA passes over without a word: a rule that rests on such a file would be
// switched off. Nidan's own schemas, which are in each copy of its folder, are no data.
func passedOver(policies fs.FS) error {
	var found []finding
	err := fs.WalkDir(policies, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && name != "." && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") || slices.Contains(dataFiles, d.Name()) {
			return err
		}
		if slices.Contains(dataEndings, strings.ToLower(path.Ext(name))) {
			// The schemas in a copy of an earlier version's folder end in .json.
			if _, err := fs.Stat(schemaFiles, strings.TrimSuffix(name, ".json")+schemaExt); err != nil {
				found = append(found, finding{rule: "data-file", at: name, err: fmt.Errorf(
					"this file is not read: data is read from files with the names %s, in any folder. Rename it, or take it away", or(dataFiles))})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return together(found)
}
