package console

import (
	"context"

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
