package cmd

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"nidan/challenge"
	"nidan/policies"
	"nidan/policies/live"
	"nidan/server/console"
	"nidan/store"
)

// keepPolicies writes the files of the set that decides from now on to the database.
func keepPolicies(ctx context.Context, st *store.Store, a *live.Active) error {
	files, err := packed(a.Files())
	if err != nil {
		return err
	}
	return st.KeepPolicySet(ctx, store.PolicySet{Revision: a.Revision, Name: a.Name, Source: a.Source.String(), Files: files, At: a.Since})
}

func packed(files []policies.File) ([]byte, error) {
	var b bytes.Buffer
	to := gzip.NewWriter(&b)
	if err := errors.Join(json.NewEncoder(to).Encode(files), to.Close()); err != nil {
		return nil, fmt.Errorf("encode a set of policies: %w", err)
	}
	return b.Bytes(), nil
}

func unpacked(kept []byte) (files []policies.File, err error) {
	from, err := gzip.NewReader(bytes.NewReader(kept))
	if err == nil {
		err = json.NewDecoder(from).Decode(&files)
	}
	if err != nil {
		return nil, fmt.Errorf("read a set of policies that was kept: %w", err)
	}
	return files, nil
}

// lastFrom returns a function that reads the files of the set from a source that began to decide last. The function returns nil if no set
// from this source has decided.
func lastFrom(ctx context.Context, st *store.Store) func(source string) ([]policies.File, error) {
	return func(source string) ([]policies.File, error) {
		all, err := st.PolicySets(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			if p.Source == source || p.Source == (live.Source{Kind: live.FromKept, Where: source}).String() {
				return keptFiles(ctx, st, p.Revision)
			}
		}
		return nil, nil
	}
}

// decidedSets reads the sets in the database for the console. It implements [nidan/server/console.DecidedSets].
type decidedSets struct{ *store.Store }

// Decided implements [nidan/server/console.DecidedSets].
func (s decidedSets) Decided(ctx context.Context) ([]console.DecidedSet, error) {
	kept, err := s.PolicySets(ctx)
	all := make([]console.DecidedSet, len(kept))
	for i, p := range kept {
		all[i] = console.DecidedSet{Revision: p.Revision, Name: p.Name, Source: p.Source, At: p.At}
	}
	return all, err
}

// Files implements [nidan/server/console.DecidedSets].
func (s decidedSets) Files(ctx context.Context, revision string) ([]policies.File, error) {
	return keptFiles(ctx, s.Store, revision)
}

// keptFiles returns the files of a set that has decided, or that waits for approval.
func keptFiles(ctx context.Context, st *store.Store, revision string) ([]policies.File, error) {
	p, err := st.PolicySet(ctx, revision)
	if errors.Is(err, challenge.ErrNotFound) {
		waiting, err := history{st}.Waiting(ctx)
		if err != nil {
			return nil, err
		}
		for _, w := range waiting {
			if w.Revision == revision {
				return w.Files, nil
			}
		}
		return nil, withStatus{fmt.Errorf("no set of revision %q has decided here: nidan policy show lists those that have", revision), statusNotFound}
	}
	if err != nil {
		return nil, err
	}
	return unpacked(p.Files)
}
