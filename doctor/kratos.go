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

// tried are the versions of Kratos that Nidan has been tried on, with all of its tests.
var tried = []string{kratos.Version, "v26.2.0"}

// released is a version as Kratos' releases name it.
var released = regexp.MustCompile(`^v\d+\.\d+\.\d+`)

// Kratos looks whether both of its APIs answer, and which version it is.
func Kratos(at config.Kratos) Check {
	return func(ctx context.Context) []Finding {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		_, noPublic := kratos.AskPublic(ctx, at.PublicURL)
		version, noAdmin := kratos.AskAdmin(ctx, at.AdminURL)
		found := []Finding{
			answers("kratos_public", "the public API", noPublic, "Start Kratos, or correct kratos.public_url: nobody can sign in."),
			answers("kratos_admin", "the admin API", noAdmin,
				"Start Kratos, or correct kratos.admin_url: the console shows no accounts, and factors cannot be looked up."),
		}
		if noAdmin != nil {
			return append(found, notChecked("kratos_version", "the admin API, which says it, does not answer", "Run nidan doctor again when it does."))
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
		return ok(check, version+", on which Nidan has been tried")
	case !released.MatchString(version):
		return notChecked(check, fmt.Sprintf("it calls itself %q, which is no version: somebody has built it", version),
			"Make sure that it was built from "+strings.Join(tried, " or ")+".")
	}
	return warning(check, fmt.Sprintf("%s; Nidan has been tried on %s", version, strings.Join(tried, " and ")),
		"Run Nidan's tests on it (make test KRATOS=program), or take one of those.")
}
