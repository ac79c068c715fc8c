package challenge

import (
	"context"
	"time"
)

// Settings are the switches an administrator sets.
type Settings struct {
	TwoFactor    bool `json:"two_factor"`    // two-step verification is in use at all
	AdminConsole bool `json:"admin_console"` // asked when signing in to the web console
	Softphone    bool `json:"softphone"`     // asked when signing in to the softphone's agent function
	Remember     bool `json:"remember"`      // a device may be remembered
	RememberDays int  `json:"remember_days"` // for how many days, 1 to 365; kept while remembering is off
}

// KeptSettings are settings, and who made them so.
type KeptSettings struct {
	Settings
	Version   int64     // grows with each change
	ChangedAt time.Time // zero: they are those that the database began with
	ChangedBy string    // account name; empty likewise
}

// Switches are the settings of a [Tx].
type Switches interface {
	Settings(ctx context.Context) (Settings, error)
	// KeptSettings returns them with their version.
	KeptSettings(ctx context.Context) (KeptSettings, error)
	// SaveSettings replaces the settings of that version, with the next one, and says whether it still was the version.
	SaveSettings(ctx context.Context, version int64, s Settings, by string, at time.Time) (bool, error)
}
