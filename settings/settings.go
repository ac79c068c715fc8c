package settings

import (
	"context"
	"maps"
	"time"
)

// Settings are the switches an administrator sets.
type Settings struct {
	TwoFactor    bool            // two-step verification is in use at all
	Channels     map[string]bool // by channel: a code is asked there. One that is not in it is switched on
	Remember     bool            // a device may be remembered
	RememberDays int             // for how many days, 1 to 365; kept while remembering is off
}

// On says whether a channel is switched on. One that nobody has switched is: a channel that is added is enforced at once.
func (s Settings) On(channel string) bool {
	on, set := s.Channels[channel]
	return on || !set
}

// Equal says whether the same is set.
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

// Kept are settings, and who made them so.
type Kept struct {
	Settings
	Version   int64     // grows with each change
	ChangedAt time.Time // zero: they are those that the database began with
	ChangedBy string    // account name; empty likewise
}

// Switches reads and saves the settings, in the transaction that it is a method of.
type Switches interface {
	Settings(ctx context.Context) (Settings, error)
	// KeptSettings returns them with their version.
	KeptSettings(ctx context.Context) (Kept, error)
	// SaveSettings replaces the settings of that version, with the next one, and says whether it still was the version.
	SaveSettings(ctx context.Context, version int64, s Settings, by string, at time.Time) (bool, error)
}
