package kratos

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"sync"

	"github.com/go-openapi/jsonpointer"
)

// Identity is an account as Kratos describes it.
type Identity struct {
	ID             string         `json:"id"`
	State          string         `json:"state"`
	Traits         map[string]any `json:"traits"`
	MetadataPublic map[string]any `json:"metadata_public"`
	// Factors are Kratos' own second factors that the account has enrolled; nil: not known. Only the admin API reports them.
	Factors *Factors `json:"-"`
}

// Pointers say where in an identity the facts about an account are (JSON Pointers, RFC 6901). Every fact that decides about a sign-in,
// except the e-mail address, must be below /metadata_public: account holders can change their traits.
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

// Roles are the roles that an account can have, from high to low. The policies say what each role may do.
var Roles = []string{"owner", "system_administrator", "supervisor", "user"}

// Person contains the facts about an account.
type Person struct {
	Account   string // the name that the holder signs in with
	Name      string // for display
	Email     string // empty: the account has no address
	Role      string // "user" if the identity has no role
	Locale    string // empty: not known
	TwoFactor bool   // the account's own flag; false if the identity has no flag

	Locked          bool
	PasswordExpired bool
	Plan            string // the plan of the holder's subscription; empty: not known
}

// Read reads the facts. A fact that is absent or null stays empty. A value of the wrong type is an error, which names the place and never
// the value. A text that cannot be an e-mail address is an error too: if it counted as "no address", it would be a way around the second
// step.
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

// read stores the value at pointer in v. If there is no value, v does not change.
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

// lookup follows a pointer into doc. It returns nil if there is no value, and an error if a value on the way is no object.
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

// parsed caches the tokens of pointers. Each sign-in reads the same pointers of the configuration, about nine.
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
