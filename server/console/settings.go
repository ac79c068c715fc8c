package console

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"nidan/exchange"
	"nidan/hooks"
	"nidan/policies"
	"nidan/server/session"
	"nidan/settings"
)

// Conflict is the error if somebody else has changed the settings meanwhile. Now has the current settings.
type Conflict struct{ Now settings.Kept }

// Error implements error.
func (*Conflict) Error() string { return "the settings have changed meanwhile" }

// Settings returns the switches, and who changed them last.
func (c *Console) Settings(ctx context.Context, who session.Visitor) (settings.Kept, error) {
	if err := c.May(ctx, who, policies.ViewSettings, nil); err != nil {
		return settings.Kept{}, err
	}
	return c.Store.KeptSettings(ctx)
}

// ChangeSettings changes the switches, if their version is still the given one, or returns a [Conflict]. The new switches count from
// the next sign-in and the next code on. A channel that the change does not name keeps its switch, because the policies may list a
// channel that the visitor has not seen.
func (c *Console) ChangeSettings(
	ctx context.Context, who session.Visitor, version int64, to settings.Settings,
) (settings.Kept, error) {
	if err := c.May(ctx, who, policies.ChangeSettings, nil); err != nil {
		return settings.Kept{}, err
	}
	if to.RememberDays < 1 || to.RememberDays > 365 {
		return settings.Kept{}, fmt.Errorf("%w: remember_days is not a number from 1 to 365", ErrInvalid)
	}
	if err := c.checkChannels(to); err != nil {
		return settings.Kept{}, err
	}
	err := c.keep(ctx, who, "settings_changed", nil, "changed", func(tx exchange.Tx) (map[string]any, error) {
		from, err := tx.KeptSettings(ctx)
		if err != nil {
			return nil, err
		}
		if from.Version != version {
			return nil, &Conflict{Now: from}
		}
		channels := map[string]bool{}
		maps.Copy(channels, from.Channels)
		maps.Copy(channels, to.Channels)
		to.Channels = channels
		detail := map[string]any{"from": hooks.PolicySettings(from.Settings), "to": hooks.PolicySettings(to)}
		if from.Remember && !to.Remember {
			// If remembering is switched on again later, no device may be remembered.
			if detail["devices_forgotten"], err = tx.ForgetEveryDevice(ctx); err != nil {
				return nil, err
			}
		}
		saved, err := tx.SaveSettings(ctx, version, to, who.Person.Account, c.Now())
		if err == nil && !saved {
			err = &Conflict{Now: from}
		}
		return detail, err
	})
	if err != nil {
		return settings.Kept{}, err
	}
	c.Log.InfoContext(ctx, "settings changed", "by", who.Person.Account)
	return c.Store.KeptSettings(ctx)
}

// checkChannels returns an error for a switch of a channel that has none, because such a switch would do nothing and nobody would
// notice. The first two channels may always be set, even if the policies do not list them.
func (c *Console) checkChannels(to settings.Settings) error {
	all, err := c.Policies.Channels()
	if err != nil {
		return fmt.Errorf("look which channels there are: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(to.Channels)) {
		listed := slices.ContainsFunc(policies.Enforced(all), func(l policies.ListedChannel) bool { return l.ID == id })
		if !listed && id != "admin_console" && id != "softphone" {
			return fmt.Errorf("%w: there is no channel %q that can be switched", ErrInvalid, id)
		}
	}
	return nil
}
