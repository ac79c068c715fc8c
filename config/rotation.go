package config

import (
	"fmt"
	"reflect"
)

// Rotation is the result of reading the configuration again while the program runs.
type Rotation struct {
	Config  Config   // the configuration from now on
	Taken   []string // keys with a new value that counts now
	Waiting []string // keys with a new value that needs a restart
}

// Rotate takes from next the values that need no restart. The result must be valid too. Example: next has a new SMTP password, and
// switches TLS on. TLS needs a restart, so until then Nidan would send the password in the clear.
func (c Config) Rotate(next Config) (Rotation, error) {
	r := Rotation{Config: c}
	for _, f := range fields() {
		if reflect.DeepEqual(f.value(c), f.value(next)) {
			continue
		}
		if !f.rotates {
			r.Waiting = append(r.Waiting, f.key)
			continue
		}
		r.Taken = append(r.Taken, f.key)
		reflect.ValueOf(&r.Config).Elem().FieldByIndex(f.index).Set(reflect.ValueOf(f.value(next)))
	}
	if err := r.Config.Validate(); err != nil {
		return Rotation{}, fmt.Errorf("the new values do not go with those that need a restart:\n%w", err)
	}
	return r, nil
}
