package exchange

import (
	"reflect"
	"time"

	"nidan/challenge"
	"nidan/settings"
)

// Call is what a call from Kratos is looked up by.
type Call struct {
	Delivery    string // what tells one call from another
	Account     string
	Flow        string
	DeviceToken []byte // hashed, see [challenge.HashDeviceToken]; nil: the client has none
}

// Situation is what a decision on a sign-in rests on, of all that a [Store] holds. Two of one call are [Situation.Equal] only if
// the same follows from both.
type Situation struct {
	Settings        settings.Settings
	Answered        bool                 // the call was answered before
	Challenge       challenge.Standing   // the latest of the account in the flow
	Device          challenge.Remembered // the one of the token
	HasDevices      bool                 // the account is remembered on some device
	PasswordChanged time.Time            // zero: never, as far as is known
}

// Equal says whether the same follows from both.
func (s Situation) Equal(other Situation) bool {
	same := s.Settings.Equal(other.Settings)
	s.Settings, other.Settings = settings.Settings{}, settings.Settings{}
	return same && reflect.DeepEqual(s, other)
}
