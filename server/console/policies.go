package console

import (
	"context"
	"fmt"
	"slices"

	"nidan/policies"
	"nidan/policies/live"
	"nidan/server/session"
)

// PolicyStatus is what there is to know of the policies that decide. They are changed where they are kept, and not here.
func (c *Console) PolicyStatus(ctx context.Context, who session.Visitor) (live.Status, error) {
	if err := c.May(ctx, who, policies.ViewPolicies, nil); err != nil {
		return live.Status{}, err
	}
	return c.Policies.Everywhere(ctx)
}

// NotWaiting is the error for an answer to policies that do not wait, or not for what they loosen as whoever asks has seen it.
type NotWaiting struct {
	Answer live.Answer // that somebody else has given meanwhile; empty: they have been replaced, or are compared with others now
	By     string      // who that was
}

// Error implements error.
func (*NotWaiting) Error() string { return "these policies do not wait for approval" }

// AnswerPolicies approves of policies that wait, or rejects them. The digest is that of what they loosen, as it was seen: for what else
// they may loosen by now, the answer does not count. Approved, they decide in every process within a second or so.
func (c *Console) AnswerPolicies(ctx context.Context, who session.Visitor, revision, digest string, answer live.Answer) error {
	if err := c.May(ctx, who, policies.ApprovePolicies, nil); err != nil {
		return err
	}
	if answer != live.Approved && answer != live.Rejected {
		return fmt.Errorf("%w: the answer is neither approved nor rejected", ErrInvalid)
	}
	w, err := c.waiting(ctx, revision, digest)
	if err != nil {
		return err
	}
	r, err := c.record(who, "policies_"+string(answer), nil, "changed", map[string]any{
		"digest": digest, "against": w.Against, "source": w.Source.String(), "loosens": w.Loosening,
	})
	if err != nil {
		return err
	}
	r.Revision = revision
	waited, err := c.Store.AnswerApproval(ctx, revision, digest, string(answer), r)
	if err != nil {
		return err
	}
	if !waited {
		if _, err = c.waiting(ctx, revision, digest); err == nil {
			err = &NotWaiting{}
		}
		return err
	}
	c.Log.InfoContext(ctx, "policies "+string(answer), "revision", revision, "by", who.Person.Account)
	return nil
}

// waiting is the set that waits, or the error [NotWaiting].
func (c *Console) waiting(ctx context.Context, revision, digest string) (w live.Waiting, err error) {
	all, err := c.Policies.Asked(ctx)
	if err != nil {
		return w, err
	}
	i := slices.IndexFunc(all, func(w live.Waiting) bool { return w.Revision == revision && w.Digest == digest })
	if i < 0 {
		return w, &NotWaiting{}
	}
	if all[i].Answer != live.Unanswered {
		return w, &NotWaiting{Answer: all[i].Answer, By: all[i].By}
	}
	return all[i], nil
}
