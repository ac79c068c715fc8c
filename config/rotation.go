package config

import (
	"fmt"
	"reflect"
)

// Rotation is what a configuration that was read anew changes while the program runs.
type Rotation struct {
	Config  Config   // what counts from now on
	Taken   []string // keys that have another value
	Waiting []string // keys whose other value needs a restart
}

// Rotate takes from next what can be taken without a restart. What comes of it has to be valid too: a password that goes with TLS in
// next would travel in the clear where TLS waits for a restart.
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
