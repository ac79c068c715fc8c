package policies

import (
	"io/fs"
	"os"
	"path"
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
