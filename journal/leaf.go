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

// Leaf is what the journal keeps of a record for ever.
type Leaf struct {
	Index  int64 // its place in the journal, from 0
	Record int64 // the record's ID
	At     time.Time
	Digest []byte // of all that the record says
}

// LeafOf makes the leaf of a record.
func LeafOf(index int64, r records.Record) Leaf {
	return Leaf{Index: index, Record: r.ID, At: r.At, Digest: digest(r)}
}

// digest is that of all that a record says, as it is stored. Each part goes in with its length: otherwise the end of one part could be
// moved to the beginning of the next one.
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

// said is what a detail says: JSON without white space; nothing where it is null.
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

// Hash is the leaf's in the tree.
func (l Leaf) Hash() []byte {
	data := binary.BigEndian.AppendUint64(nil, uint64(l.Record))
	data = binary.BigEndian.AppendUint64(data, uint64(l.At.UnixMicro()))
	return rfc6962.DefaultHasher.HashLeaf(append(data, l.Digest...))
}

// is says whether this is the leaf of a record.
func (l Leaf) is(r records.Record) bool {
	return l.Record == r.ID && l.At.Equal(r.At) && bytes.Equal(l.Digest, digest(r))
}
