package policies

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// entry is an entry of an archive. The zero values stand for a small file.
type entry struct {
	name string
	kind byte
	link string
	size int64 // size in bytes, filled with zeros; 0: the content is a short text
	note int   // length of a comment in bytes
}

// archive packs entries without the opa command, as an attacker could.
func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Mode: 0o644}
		if e.note > 0 {
			h.PAXRecords = map[string]string{"comment": strings.Repeat("x", e.note)}
		}
		var content io.Reader = strings.NewReader("")
		switch {
		case e.kind == tar.TypeXGlobalHeader:
			h = &tar.Header{Typeflag: e.kind, PAXRecords: map[string]string{"comment": "x"}}
		case e.size > 0:
			h.Size, content = e.size, io.LimitReader(zeros{}, e.size)
		case e.kind == 0 || e.kind == tar.TypeReg:
			h.Size, content = 9, strings.NewReader("package x")
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func manyFiles(n int, size int64) []entry {
	var all []entry
	for i := range n {
		all = append(all, entry{name: fmt.Sprintf("%d.rego", i), size: size})
	}
	return all
}

// withHoles returns an archive of a few hundred bytes with five sparse files of 15 MB each.
func withHoles(t *testing.T, format string) []byte {
	t.Helper()
	dir := t.TempDir()
	const script = `cd "$1" && truncate -s 15M 1 2 3 4 5 && tar --sparse --format="$2" -czf x.tar.gz 1 2 3 4 5`
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", script, "sh", dir, format).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "x.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestABundleThatIsOutOfBoundsIsRefused(t *testing.T) {
	noise := make([]byte, mostArchived+1)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		archive []byte
		want    string
	}{
		"a file that is too large":               {archive(t, entry{name: "x.rego", size: mostInFile + 1}), `"x.rego" is larger than 16777216 bytes`},
		"files that are too large together":      {archive(t, manyFiles(5, 15<<20)...), "larger than 67108864 bytes when unpacked"},
		"files with holes, as GNU writes them":   {withHoles(t, "gnu"), "no file"},
		"files with holes, as POSIX writes them": {withHoles(t, "posix"), "larger than 67108864 bytes when unpacked"},
		"notes on files that are too large": {
			archive(t, func() (all []entry) {
				for i := range 80 {
					all = append(all, entry{name: fmt.Sprintf("%d.rego", i), note: 1_000_000})
				}
				return all
			}()...), "larger than 67108864 bytes when unpacked",
		},
		"too many files": {archive(t, manyFiles(MostFiles+1, 0)...), "more than 10000 files"},
		"too many folders": {
			archive(t, func() (all []entry) {
				for i := range MostFiles + 1 {
					all = append(all, entry{name: fmt.Sprintf("%d/", i), kind: tar.TypeDir})
				}
				return all
			}()...), "more than 10000 files",
		},
		"too many bytes as they come":         {noise, "larger than 67108864 bytes"},
		"no archive":                          {[]byte("<html>"), "no gzipped tar archive"},
		"half an archive":                     {archive(t, manyFiles(9, 1000)...)[:100], "no gzipped tar archive"},
		"a symbolic link":                     {archive(t, entry{name: "data.json", kind: tar.TypeSymlink, link: "/etc/passwd"}), `"data.json" is a link`},
		"a hard link":                         {archive(t, entry{name: "x.rego", kind: tar.TypeLink, link: "../../x.rego"}), `"x.rego" is a link`},
		"a device":                            {archive(t, entry{name: "x.rego", kind: tar.TypeBlock}), "no file"},
		"a pipe":                              {archive(t, entry{name: "x.rego", kind: tar.TypeFifo}), "no file"},
		"a name that leads out":               {archive(t, entry{name: "../../x.rego"}), "leads upwards"},
		"a name that leads out of the root":   {archive(t, entry{name: "/../x.rego"}), "leads upwards"},
		"a name that leads up and down again": {archive(t, entry{name: "login/../console/data.json"}), "leads upwards"},
		"a name that stands there twice":      {archive(t, entry{name: "login/x.rego"}, entry{name: "/login//x.rego"}), `"/login/x.rego" twice`},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := Archive(bytes.NewReader(tc.archive))
			if err == nil || raw != nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %d bytes, %v; want %s", len(raw), err, tc.want)
			}
			file := filepath.Join(t.TempDir(), "x.tar.gz")
			if err := os.WriteFile(file, tc.archive, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Read(file); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("read from a file: %v; want %s", err, tc.want)
			}
		})
	}
}

func TestABundleWithinBoundsIsRead(t *testing.T) {
	raw := archive(t, entry{name: "pax_global_header", kind: tar.TypeXGlobalHeader}, entry{name: "./", kind: tar.TypeDir},
		entry{name: "./login/x.rego"}, entry{name: "/etc/passwd.rego"}, entry{name: "a..b.rego"})
	got, err := Archive(bytes.NewReader(raw))
	if err != nil || !bytes.Equal(got, raw) {
		t.Fatalf("got %d of %d bytes, %v", len(got), len(raw), err)
	}
	file := filepath.Join(t.TempDir(), "x.tar.gz")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := Read(file)
	if err != nil || len(set.modules) != 3 || set.modules["etc/passwd.rego"] == nil {
		t.Errorf("got %v, %v", set, err)
	}
}
