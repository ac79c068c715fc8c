package policies

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

const (
	// MostFiles bounds how many files a set of policies may have.
	MostFiles = 10_000
	// mostArchived bounds the size of a bundle's archive in bytes, both packed and unpacked.
	mostArchived = 64 << 20
	// mostInFile bounds the size of a file in a bundle, in bytes.
	mostInFile = 16 << 20
)

// Archive reads a bundle's archive, a gzipped tar archive, and returns it unchanged if it is within bounds. OPA unpacks the whole
// archive into memory before it checks the signature, and bounds only the size of each file. Attack: a few kilobytes from anybody
// could unpack to a hundred gigabytes.
//
// Archive also refuses ambiguous archives: a name that occurs twice, a name that leads upwards, and any entry that is neither a
// file nor a folder. OPA skips links without a message. A name may begin with "/", as the opa command writes names: nothing is
// written to a disk, so such a name leads nowhere.
func Archive(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, mostArchived+1))
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	if len(raw) > mostArchived {
		return nil, fmt.Errorf("the bundle is larger than %d bytes", mostArchived)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("the bundle is no gzipped tar archive: %w", err)
	}
	if err := checkEntries(tar.NewReader(&bounded{unpacked, mostArchived})); err != nil {
		return nil, err
	}
	return raw, nil
}

func checkEntries(files *tar.Reader) error {
	seen := map[string]bool{}
	sum := int64(0) // of the sizes in the headers; for a sparse file that is more than the archive holds
	for n := 1; ; n++ {
		f, err := files.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errUnpacked):
			return errUnpacked
		case err != nil:
			return fmt.Errorf("the bundle is no gzipped tar archive: %w", err)
		case n > MostFiles:
			return fmt.Errorf("the bundle has more than %d files", MostFiles)
		case f.Size > mostInFile:
			return fmt.Errorf("the bundle's file %q is larger than %d bytes", f.Name, mostInFile)
		}
		if sum += f.Size; sum > mostArchived {
			return errUnpacked
		}
		name := path.Clean("/" + f.Name)
		switch f.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader: // git archive writes such a header
			continue
		case tar.TypeReg:
		default:
			return fmt.Errorf("the bundle's file %q is a link, or something else that is no file", f.Name)
		}
		if slices.Contains(strings.Split(f.Name, "/"), "..") {
			return fmt.Errorf("the bundle's file %q leads upwards", f.Name)
		}
		if seen[name] {
			return fmt.Errorf("the bundle has the file %q twice", name)
		}
		seen[name] = true
	}
}

var errUnpacked = fmt.Errorf("the bundle is larger than %d bytes when unpacked", mostArchived)

// bounded reads a number of bytes, and then returns errUnpacked.
type bounded struct {
	r    io.Reader
	left int64
}

// Read implements [io.Reader].
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errUnpacked
	}
	return n, err
}
