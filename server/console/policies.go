package console

import (
	"context"
	"fmt"
	"slices"

	"nidan/policies"
	"nidan/policies/live"
	"nidan/server/session"
)

// PolicyStatus returns the state of the policies. The console cannot change the policies' files.
func (c *Console) PolicyStatus(ctx context.Context, who session.Visitor) (live.Status, error) {
	if err := c.May(ctx, who, policies.ViewPolicies, nil); err != nil {
		return live.Status{}, err
	}
	return c.Policies.Everywhere(ctx)
}

// NotWaiting is the error for an answer to policies that do not wait, or that now loosen something else than the visitor has seen.
type NotWaiting struct {
	Answer live.Answer // answer that somebody else has given; empty: the policies were replaced, or are compared with others now
	By     string      // account name of the one who gave this answer
}

// Error implements error.
func (*NotWaiting) Error() string { return "these policies do not wait for approval" }

// AnswerPolicies approves or rejects policies that wait. The digest says what they loosen, as the visitor has seen it; the answer
// does not count for anything else. Approved policies decide in every process within about a second.
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

// waiting returns the set that waits, or the error [NotWaiting].
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
