package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"

	"nidan/records"
)

// Leaf is the part of a record that the journal keeps for ever.
type Leaf struct {
	Index  int64 // the position in the journal, from 0
	Record int64 // the record's ID
	At     time.Time
	Digest []byte // of the whole record
}

// LeafOf makes the leaf of a record.
func LeafOf(index int64, r records.Record) Leaf {
	return Leaf{Index: index, Record: r.ID, At: r.At, Digest: digest(r)}
}

// digest returns the digest of a whole record, as it is stored. Each part goes in with its length: otherwise somebody could move the end of
// one part to the beginning of the next one, and the digest would stay the same.
func digest(r records.Record) []byte {
	h := sha256.New()
	h.Write([]byte("nidan record 1\n"))
	var number [8]byte
	write := func(part []byte) {
		binary.BigEndian.PutUint64(number[:], uint64(len(part)))
		h.Write(number[:])
		h.Write(part)
	}
	binary.BigEndian.PutUint64(number[:], uint64(r.ID))
	h.Write(number[:])
	binary.BigEndian.PutUint64(number[:], uint64(r.At.UnixMicro()))
	h.Write(number[:])
	for _, part := range []string{r.Kind, r.Account, r.Name, r.By, r.Flow, r.Challenge, r.State, r.Reason, r.Revision} {
		write([]byte(part))
	}
	write(said(r.Detail))
	return h.Sum(nil)
}

// said returns the content of a detail: JSON without white space, nil for null, and any other text as it is.
func said(detail []byte) []byte {
	var compact bytes.Buffer
	switch err := json.Compact(&compact, detail); {
	case err != nil:
		return detail
	case compact.String() == "null":
		return nil
	}
	return compact.Bytes()
}

// Hash returns the hash of the leaf in the tree.
func (l Leaf) Hash() []byte {
	data := binary.BigEndian.AppendUint64(nil, uint64(l.Record))
	data = binary.BigEndian.AppendUint64(data, uint64(l.At.UnixMicro()))
	return rfc6962.DefaultHasher.HashLeaf(append(data, l.Digest...))
}

// is says whether this is the leaf of the record as it is now.
func (l Leaf) is(r records.Record) bool {
	return l.Record == r.ID && l.At.Equal(r.At) && bytes.Equal(l.Digest, digest(r))
}
