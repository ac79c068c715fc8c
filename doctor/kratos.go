package doctor

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"nidan/config"
	"nidan/kratos"
)

// tried are the versions of Kratos on which Nidan has been tested: [kratos.Version] with all tests, v26.2.0 with the tests of the sign-in
// methods.
var tried = []string{kratos.Version, "v26.2.0"}

// released matches the version of a release of Kratos.
var released = regexp.MustCompile(`^v\d+\.\d+\.\d+`)

// Kratos checks whether Kratos' public and admin API answer, and which version Kratos has.
func Kratos(at config.Kratos) Check {
	return func(ctx context.Context) []Finding {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		_, noPublic := kratos.AskPublic(ctx, at.PublicURL)
		version, noAdmin := kratos.AskAdmin(ctx, at.AdminURL)
		found := []Finding{
			answers("kratos_public", "the public API", noPublic, "Start Kratos, or correct kratos.public_url: until then, nobody can sign in."),
			answers("kratos_admin", "the admin API", noAdmin,
				"Start Kratos, or correct kratos.admin_url: until then, the console shows no accounts, and Nidan cannot see who has a second factor."),
		}
		if noAdmin != nil {
			return append(found, notChecked("kratos_version", "the admin API, which gives the version, does not answer",
				"Run nidan doctor again when the admin API answers."))
		}
		return append(found, kratosVersion(version))
	}
}

func answers(check, what string, err error, todo string) Finding {
	if err != nil {
		return problem(check, err.Error(), todo)
	}
	return ok(check, what+" answers")
}

func kratosVersion(version string) Finding {
	const check = "kratos_version"
	switch {
	case slices.ContainsFunc(tried, func(v string) bool { return v == version || "v"+version == v }):
		return ok(check, "Nidan has been tested on Kratos "+version)
	case !released.MatchString(version):
		return notChecked(check, fmt.Sprintf("Kratos gives its version as %q, which is not a release: somebody has built this Kratos", version),
			"Make sure that this Kratos was built from "+strings.Join(tried, " or ")+".")
	}
	return warning(check, fmt.Sprintf("Kratos is %s, and Nidan has been tested on %s only: another version may call the hook differently",
		version, strings.Join(tried, " and ")), "Run Nidan's tests on your Kratos (make test KRATOS=program), or use one of the tested versions.")
}
