package settings

import (
	"context"
	"maps"
	"time"
)

// Settings are the switches an administrator sets.
type Settings struct {
	TwoFactor    bool            // two-step verification is switched on
	Channels     map[string]bool // by channel: the channel is enforced. A channel that is not in the map is enforced
	Remember     bool            // devices may be remembered
	RememberDays int             // 1 to 365; the value is kept while remembering is off
}

// On says whether a channel is enforced. A channel that nobody has switched is enforced, so a new channel is safe from the start.
func (s Settings) On(channel string) bool {
	on, set := s.Channels[channel]
	return on || !set
}

// Equal says whether both have the same effect.
func (s Settings) Equal(other Settings) bool {
	if s.TwoFactor != other.TwoFactor || s.Remember != other.Remember || s.RememberDays != other.RememberDays {
		return false
	}
	both := maps.Clone(s.Channels)
	if both == nil {
		both = map[string]bool{}
	}
	maps.Copy(both, other.Channels)
	for channel := range both {
		if s.On(channel) != other.On(channel) {
			return false
		}
	}
	return true
}

// Kept are stored settings, with their version and their last change.
type Kept struct {
	Settings
	Version   int64     // grows by one with each change
	ChangedAt time.Time // zero: nobody has changed the settings yet
	ChangedBy string    // account name; empty: nobody
}

// Switches reads and saves the settings in a transaction.
type Switches interface {
	Settings(ctx context.Context) (Settings, error)
	// KeptSettings returns the settings with their version.
	KeptSettings(ctx context.Context) (Kept, error)
	// SaveSettings replaces the settings and increments the version. It returns false, and saves nothing, if the version is not the current one:
	// somebody else has saved meanwhile.
	SaveSettings(ctx context.Context, version int64, s Settings, by string, at time.Time) (bool, error)
}
