package doctor

import (
	"context"
	"os"
	"strings"

	"nidan/config"
)

// Configuration looks at Nidan's own configuration, which has been loaded or, with an error, could not be.
func Configuration(cfg config.Config, err error) Check {
	return func(context.Context) []Finding {
		if err != nil {
			return []Finding{
				problem("configuration", err.Error(), "Correct what is named; config.example.yml explains each key."),
				notChecked("everything_else", "it goes by the configuration", "Run nidan doctor again when that is right."),
			}
		}
		return []Finding{ok("configuration", "every key is known and has a value that can be used"), publicURL(cfg), policiesFolder(cfg)}
	}
}

func publicURL(cfg config.Config) Finding {
	const check = "public_url"
	if said := cfg.InClear(); said != "" {
		return problem(check, said, "Put a reverse proxy that ends TLS in front of public.listen, and write public.url with https://.")
	}
	if strings.HasPrefix(cfg.Public.URL, "https:") {
		return ok(check, "browsers reach "+cfg.Public.URL+" over TLS")
	}
	return ok(check, cfg.Public.URL+" is this machine alone")
}

func policiesFolder(cfg config.Config) Finding {
	const check = "policies_dir"
	switch info, err := os.Stat(cfg.Policies.Dir); {
	case cfg.Policies.Dir == "":
		return ok(check, "none is given")
	case err != nil:
		return problem(check, config.NoPoliciesDir(cfg.Policies.Dir),
			"Make it with nidan policy export, or leave policies.dir out for the policies that ship.")
	case !info.IsDir():
		return problem(check, cfg.Policies.Dir+" is no folder", "Name the folder that the policies are in.")
	}
	return ok(check, "the folder "+cfg.Policies.Dir+" is there")
}
