package journal

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
)

// Unsigned is the origin of checkpoints without a signature. The origin of a signed checkpoint is the name of its key.
const Unsigned = "nidan-records-unsigned"

// Checkpoint says what the journal contained at one time.
type Checkpoint struct {
	Origin string
	Size   int64 // the number of leaves
	Root   []byte
	At     time.Time // the leaves include every record that was in the database at this time, and perhaps newer ones
}

// Kept is a checkpoint as the database keeps it.
type Kept struct {
	Size   int64
	At     time.Time
	Text   string // the output of [Key.Sign]
	Hashes []byte // the hashes from which the tree goes on and an export begins
}

// timeLine begins the line with the time. This line is below the three lines that every checkpoint has.
const timeLine = "time "

func (c Checkpoint) text() string {
	l := log.Checkpoint{Origin: c.Origin, Size: uint64(c.Size), Hash: c.Root}
	return string(l.Marshal()) + timeLine + c.At.UTC().Format(time.RFC3339Nano) + "\n"
}

// Key signs checkpoints. The nil key makes checkpoints without a signature.
type Key struct {
	signer note.Signer
	public note.Verifier
}

// NewKey reads a private key that [GenerateKey] has made. For an empty text, it returns the nil key.
func NewKey(private string) (*Key, error) {
	if private == "" {
		return nil, nil
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, errors.New("read the key of the checkpoints: it is not one; make one with nidan records key")
	}
	text, err := PublicKey(private)
	if err != nil {
		return nil, err
	}
	public, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("read the key of the checkpoints: %w", err)
	}
	return &Key{signer, public}, nil
}

// GenerateKey makes a key. Its name says whose records it signs, such as login.example.com. The name contains no space and no plus.
func GenerateKey(rand io.Reader, name string) (private, public string, err error) {
	private, public, err = note.GenerateKey(rand, name)
	if err != nil {
		return "", "", fmt.Errorf("make a key: %w", err)
	}
	if _, err := note.NewVerifier(public); err != nil {
		return "", "", errors.New("make a key: its name needs at least one character, and no space and no plus")
	}
	return private, public, nil
}

// PublicKey returns the public key that belongs to a private key.
func PublicKey(private string) (string, error) {
	parts := strings.SplitN(private, "+", 5) // PRIVATE+KEY+name+hash+key
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(parts) != 5 || len(seed) != 1+ed25519.SeedSize {
		return "", errors.New("read the key of the checkpoints: it is not one; make one with nidan records key")
	}
	public, ok := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("read the key of the checkpoints: it is of another kind than Ed25519")
	}
	text, err := note.NewEd25519VerifierKey(parts[2], public)
	if err != nil {
		return "", fmt.Errorf("read the key of the checkpoints: %w", err)
	}
	return text, nil
}

func (k *Key) origin() string {
	if k == nil {
		return Unsigned
	}
	return k.signer.Name()
}

// Sign writes a checkpoint as a signed note (c2sp.org/tlog-checkpoint).
func (k *Key) Sign(c Checkpoint) (string, error) {
	if k == nil {
		return c.text(), nil
	}
	signed, err := note.Sign(&note.Note{Text: c.text()}, k.signer)
	if err != nil {
		return "", fmt.Errorf("sign a checkpoint: %w", err)
	}
	return string(signed), nil
}

// Keys are the public keys that verify the signatures of checkpoints.
type Keys []note.Verifier

// ReadKeys reads public keys that [GenerateKey] has made.
func ReadKeys(public ...string) (keys Keys, err error) {
	for _, text := range public {
		one, err := note.NewVerifier(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("read a public key: %w", err) // the text is not quoted: it may be the private key
		}
		keys = append(keys, one)
	}
	return keys, nil
}

// ReadCheckpoint reads a checkpoint, and says whether one of the keys has signed it.
func ReadCheckpoint(text string, keys Keys) (c Checkpoint, signed bool, err error) {
	if opened, err := note.Open([]byte(text), note.VerifierList(keys...)); err == nil {
		text, signed = opened.Text, true
	} else if body, _, ok := strings.Cut(text, "\n\n"); ok {
		text = body + "\n"
	}
	var l log.Checkpoint
	rest, err := l.Unmarshal([]byte(text))
	if err != nil {
		return c, false, fmt.Errorf("read a checkpoint: %w", err)
	}
	at, ok := strings.CutPrefix(strings.TrimSuffix(string(rest), "\n"), timeLine)
	if !ok || int64(l.Size) < 0 {
		return c, false, errors.New("read a checkpoint: it is not one of a journal of records")
	}
	c = Checkpoint{Origin: l.Origin, Size: int64(l.Size), Root: l.Hash}
	if c.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
		return c, false, fmt.Errorf("read a checkpoint's time: %w", err)
	}
	return c, signed, nil
}
