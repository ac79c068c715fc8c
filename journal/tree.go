package journal

import (
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// ranges makes parts of the tree.
var ranges = &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// root returns the root of a tree that begins with the first leaf.
func root(of *compact.Range) ([]byte, error) {
	if of.End() == 0 {
		return rfc6962.DefaultHasher.EmptyRoot(), nil
	}
	hash, err := of.GetRootHash(nil)
	if err != nil {
		return nil, fmt.Errorf("compute a root: %w", err)
	}
	return hash, nil
}

// pack joins the hashes of a range, for the database.
func pack(of *compact.Range) []byte {
	var packed []byte
	for _, hash := range of.Hashes() {
		packed = append(packed, hash...)
	}
	return packed
}

// unpack returns the range of the first size leaves from the hashes that pack joined.
func unpack(packed []byte, size int64) (*compact.Range, error) {
	var hashes [][]byte
	for n := rfc6962.DefaultHasher.Size(); len(packed) >= n; packed = packed[n:] {
		hashes = append(hashes, append([]byte(nil), packed[:n]...))
	}
	if len(packed) > 0 || size < 0 {
		return nil, fmt.Errorf("read the hashes of %d leaves: they are not whole", size)
	}
	of, err := ranges.NewRange(0, uint64(size), hashes)
	if err != nil {
		return nil, fmt.Errorf("read the hashes of %d leaves: %w", size, err)
	}
	return of, nil
}
