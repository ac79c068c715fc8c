package cmd

import (
	"context"
	"encoding/json"
	"fmt"

	"nidan/policies"
	"nidan/policies/live"
	"nidan/store"
)

// history reads and writes sets of policies in the database. It implements [nidan/policies/live.History].
type history struct{ store *store.Store }

// Last implements [nidan/policies/live.History].
func (h history) Last(ctx context.Context) ([]policies.File, string, error) {
	all, err := h.store.PolicySets(ctx)
	if err != nil || len(all) == 0 {
		return nil, "", err
	}
	files, err := keptFiles(ctx, h.store, all[0].Revision)
	return files, all[0].Source, err
}

// Decides implements [nidan/policies/live.History].
func (h history) Decides(ctx context.Context, a *live.Active) error {
	return keepPolicies(ctx, h.store, a)
}

// Ask implements [nidan/policies/live.History].
func (h history) Ask(ctx context.Context, w live.Waiting) (live.Waiting, error) {
	files, err := packed(w.Files)
	if err != nil {
		return w, err
	}
	loosening, err := json.Marshal(w.Loosening)
	if err != nil {
		return w, fmt.Errorf("encode what policies loosen: %w", err)
	}
	kept, err := h.store.AskApproval(ctx, store.Approval{
		Revision: w.Revision, Digest: w.Digest, Against: w.Against, Name: w.Name, Source: w.Source.String(), Loosening: loosening, Files: files, Since: w.Since,
	})
	if err != nil {
		return w, err
	}
	return waitingOf(kept)
}

// Withdraw implements [nidan/policies/live.History].
func (h history) Withdraw(ctx context.Context, source, except string) error {
	return h.store.WithdrawApprovals(ctx, source, except)
}

// Waiting implements [nidan/policies/live.History].
func (h history) Waiting(ctx context.Context) ([]live.Waiting, error) {
	kept, err := h.store.Approvals(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]live.Waiting, len(kept))
	for i, k := range kept {
		if all[i], err = waitingOf(k); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func waitingOf(k store.Approval) (live.Waiting, error) {
	w := live.Waiting{
		Revision: k.Revision, Name: k.Name, Source: live.SourceOf(k.Source), Against: k.Against, Digest: k.Digest, Since: k.Since,
		Answer: live.Answer(k.Answer), By: k.AnsweredBy, At: k.AnsweredAt,
	}
	if err := json.Unmarshal(k.Loosening, &w.Loosening); err != nil {
		return w, fmt.Errorf("read what policies loosen: %w", err)
	}
	var err error
	w.Files, err = unpacked(k.Files)
	return w, err
}
