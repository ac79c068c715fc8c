package policies

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Folder is a folder of policies as [Load] reads it. Symbolic links are followed, and names that begin with a dot are hidden.
// Kubernetes needs both: it mounts a ConfigMap as links into a folder with a hidden name.
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

// dataFiles are the names of the files that OPA reads as data.
var dataFiles = []string{"data.json", "data.yaml", "data.yml"}

// dataEndings are the extensions of data files.
var dataEndings = []string{".json", ".yaml", ".yml"}

// passedOver returns an error for files that look like data but that OPA skips without a message. A rule that depends on such a
// file would be switched off. Nidan's own schemas are in each copy of its folder, and are no data.
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
			// In a copy of an earlier version's folder, the schemas end in .json.
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
