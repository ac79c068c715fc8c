package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"nidan/config"
)

// Traits looks whether account holders can change what decides about them. That Nidan reads role and flag out of metadata_public, its own
// configuration has been checked for.
func Traits(k *KratosConfig, pointers config.Identity) Check {
	return func(context.Context) (found []Finding) {
		for _, s := range k.Identity.Schemas {
			found = append(found, k.traits(s.ID, s.URL, pointers))
		}
		if len(found) == 0 {
			found = append(found, notChecked("traits", "Kratos' configuration names no identity schema", "Give the files with identity.schemas, too."))
		}
		return append(found, k.profile(pointers.Email))
	}
}

func (k *KratosConfig) traits(id, source string, pointers config.Identity) Finding {
	const check = "traits"
	content, err := k.read(source)
	var schema struct {
		Properties struct {
			Traits struct{ Properties map[string]any }
		}
	}
	if err == nil {
		err = json.Unmarshal(content, &schema)
	}
	if err != nil {
		return notChecked(check, fmt.Sprintf("the identity schema %s cannot be read from here", id),
			"Make sure that role and two-step flag are not among its traits.")
	}
	for _, pointer := range []string{pointers.Role, pointers.TwoFactor, pointers.Locked, pointers.PasswordExpired, pointers.Plan} {
		name, _, _ := strings.Cut(strings.TrimPrefix(pointer, "/metadata_public/"), "/")
		if _, there := schema.Properties.Traits.Properties[name]; there {
			return problem(check, fmt.Sprintf("the identity schema %s has the trait %s, which account holders can change; "+
				"Nidan reads %s, and an administrator who fills in the trait switches nothing", id, name, pointer),
				"Take the trait out of the schema, and keep the value in metadata_public.")
		}
	}
	return ok(check, fmt.Sprintf("the identity schema %s has neither role nor two-step flag among the traits", id))
}

func (k *KratosConfig) profile(email string) Finding {
	const check = "profile"
	if k.isOn("profile") && strings.HasPrefix(email, "/traits/") {
		return warning(check, "the method profile is on: account holders can change the address that their codes go to",
			"Write selfservice.methods.profile.enabled: false, unless only sessions with a second step are to change it.")
	}
	return ok(check, "account holders cannot change the address that their codes go to")
}
