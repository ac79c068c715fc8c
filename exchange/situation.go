package exchange

import (
	"reflect"
	"time"

	"nidan/challenge"
	"nidan/settings"
)

// Call identifies a call from Kratos, and all that [Situation] needs to be looked up.
type Call struct {
	Delivery    string // key of the call, see [Delivery]
	Account     string
	Flow        string
	DeviceToken []byte // hash of the token, see [challenge.HashDeviceToken]; nil: the client has no token
}

// Situation is all stored data that a decision on a sign-in depends on. Nidan reads it before the decision, and again in the transaction:
// if the two are not [Situation.Equal], the decision has to be made again.
type Situation struct {
	Settings        settings.Settings
	Answered        bool                 // this call is a repeat
	Challenge       challenge.Standing   // the newest challenge of the account in the flow
	Device          challenge.Remembered // the device of the call's token
	HasDevices      bool                 // the account is remembered on any device
	PasswordChanged time.Time            // zero: no change is known
}

// Equal says whether both lead to the same decision.
func (s Situation) Equal(other Situation) bool {
	same := s.Settings.Equal(other.Settings)
	s.Settings, other.Settings = settings.Settings{}, settings.Settings{}
	return same && reflect.DeepEqual(s, other)
}
