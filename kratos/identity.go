package kratos

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"sync"

	"github.com/go-openapi/jsonpointer"
)

// Identity is what Kratos says of an account in a web hook.
type Identity struct {
	ID             string         `json:"id"`
	State          string         `json:"state"`
	Traits         map[string]any `json:"traits"`
	MetadataPublic map[string]any `json:"metadata_public"`
	// Factors are the second factors of Kratos' own that are enrolled. Only the admin API tells of them; nil: not known.
	Factors *Factors `json:"-"`
}

// Pointers say where in an identity the facts about an account stand (JSON Pointers, RFC 6901). All that decides about a
// sign-in, but for the e-mail address, must stand below /metadata_public: traits are the account holder's to change.
type Pointers struct {
	Account   string
	Name      string
	Email     string
	Role      string
	TwoFactor string
	Locale    string

	Locked          string
	PasswordExpired string
	Plan            string
}

// Roles are those that an account can have, from high to low. What each may do is for the policies to say.
var Roles = []string{"owner", "system_administrator", "supervisor", "user"}

// Person are the facts about an account.
type Person struct {
	Account   string // the name it signs in with
	Name      string // for display
	Email     string // empty: there is none
	Role      string // "user" where none is given
	Locale    string // empty: not known
	TwoFactor bool   // the account's own flag; false where none is given

	Locked          bool
	PasswordExpired bool
	Plan            string // what its holder has subscribed to; empty: not known
}

// Read reads the facts. What is absent or null is empty; what has the wrong type is an error, which names the place and
// never what stands there. An e-mail address that cannot be one is an error too: taken for "no address", it would be a way
// around the second step.
func (p Pointers) Read(id Identity) (Person, error) {
	doc := map[string]any{"traits": id.Traits, "metadata_public": id.MetadataPublic}
	var who Person
	for _, field := range []struct {
		pointer string
		into    *string
	}{
		{p.Account, &who.Account}, {p.Name, &who.Name}, {p.Email, &who.Email}, {p.Role, &who.Role}, {p.Locale, &who.Locale},
		{p.Plan, &who.Plan},
	} {
		if err := read(doc, field.pointer, field.into); err != nil {
			return Person{}, err
		}
	}
	for _, flag := range []struct {
		pointer string
		into    *bool
	}{
		{p.TwoFactor, &who.TwoFactor}, {p.Locked, &who.Locked}, {p.PasswordExpired, &who.PasswordExpired},
	} {
		if err := read(doc, flag.pointer, flag.into); err != nil {
			return Person{}, err
		}
	}
	if who.Role == "" {
		who.Role = "user"
	}
	if who.Email = strings.TrimSpace(who.Email); who.Email == "" {
		return who, nil
	}
	if a, err := mail.ParseAddress(who.Email); err != nil || a.Address != who.Email {
		return Person{}, fmt.Errorf("identity%s is not an e-mail address", p.Email)
	}
	return who, nil
}

// read puts the value at pointer into v, and leaves v alone where there is none.
func read[T any](doc map[string]any, pointer string, v *T) error {
	found, err := lookup(doc, pointer)
	if err != nil || found == nil {
		return err
	}
	typed, ok := found.(T)
	if !ok {
		return fmt.Errorf("identity%s has the wrong type (%s)", pointer, jsonKind(found))
	}
	*v = typed
	return nil
}

// lookup walks down a pointer. Nothing there is nil; something in the way that has no members is an error.
func lookup(doc map[string]any, pointer string) (any, error) {
	steps, err := tokens(pointer)
	if err != nil {
		return nil, err
	}
	var at any = doc
	for _, token := range steps {
		members, ok := at.(map[string]any)
		if !ok {
			return nil, errors.New("identity" + pointer + " cannot be reached: something above it is no object")
		}
		if at = members[token]; at == nil {
			return nil, nil
		}
	}
	return at, nil
}

// parsed are the tokens of pointers that were read before: those of the configuration, some nine of them, at each sign-in.
var parsed sync.Map

func tokens(pointer string) ([]string, error) {
	if known, ok := parsed.Load(pointer); ok {
		return known.([]string), nil
	}
	p, err := jsonpointer.New(pointer)
	if err != nil {
		return nil, fmt.Errorf("the pointer %q is not valid: %w", pointer, err)
	}
	found := p.DecodedTokens()
	parsed.Store(pointer, found)
	return found, nil
}

func jsonKind(v any) string {
	switch v.(type) {
	case bool:
		return "bool"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
