package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"nidan/config"
)

// Traits checks whether account holders can change the facts that the policies use about them. Nidan's configuration has already been
// checked: Nidan reads role and two-step flag from metadata_public only.
func Traits(k *KratosConfig, pointers config.Identity) Check {
	return func(context.Context) (found []Finding) {
		for _, s := range k.Identity.Schemas {
			found = append(found, k.traits(s.ID, s.URL, pointers))
		}
		if len(found) == 0 {
			found = append(found, notChecked("traits", "Kratos' configuration names no identity schema", "Give also the file with identity.schemas (--kratos-config)."))
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
		return notChecked(check, fmt.Sprintf("nidan doctor cannot read the identity schema %s", id),
			"Make sure that role and two-step flag are not among its traits.")
	}
	for _, pointer := range []string{pointers.Role, pointers.TwoFactor, pointers.Locked, pointers.PasswordExpired, pointers.Plan} {
		name, _, _ := strings.Cut(strings.TrimPrefix(pointer, "/metadata_public/"), "/")
		if _, there := schema.Properties.Traits.Properties[name]; there {
			return problem(check, fmt.Sprintf("the identity schema %s has the trait %s, which account holders can change. "+
				"Nidan does not read this trait, but %s: an administrator who sets the trait changes nothing", id, name, pointer),
				"Remove the trait from the schema, and keep the value in metadata_public.")
		}
	}
	return ok(check, fmt.Sprintf("the identity schema %s has neither role nor two-step flag among its traits", id))
}

func (k *KratosConfig) profile(email string) Finding {
	const check = "profile"
	if k.isOn("profile") && strings.HasPrefix(email, "/traits/") {
		return warning(check, "the method profile is on: account holders can change the e-mail address to which Nidan sends their codes",
			"Write selfservice.methods.profile.enabled: false, unless sessions with a second step should be able to change the address.")
	}
	return ok(check, "account holders cannot change the e-mail address to which Nidan sends their codes")
}
