package doctor

import (
	"context"
	"os"
	"strings"

	"nidan/config"
)

// Configuration checks Nidan's own configuration. Err is the error of loading the configuration, or nil.
func Configuration(cfg config.Config, err error) Check {
	return func(context.Context) []Finding {
		if err != nil {
			return []Finding{
				problem("configuration", err.Error(), "Correct the keys that the message names; config.example.yml explains each key."),
				notChecked("everything_else", "all other checks need a valid configuration", "Run nidan doctor again when the configuration is valid."),
			}
		}
		return []Finding{ok("configuration", "every key is known and has a valid value"), publicURL(cfg), policiesFolder(cfg)}
	}
}

func publicURL(cfg config.Config) Finding {
	const check = "public_url"
	if said := cfg.InClear(); said != "" {
		return problem(check, said, "Put a reverse proxy that does TLS in front of public.listen, and write public.url with https://.")
	}
	if strings.HasPrefix(cfg.Public.URL, "https:") {
		return ok(check, "browsers reach "+cfg.Public.URL+" over TLS")
	}
	return ok(check, "only this machine can reach "+cfg.Public.URL)
}

func policiesFolder(cfg config.Config) Finding {
	const check = "policies_dir"
	switch info, err := os.Stat(cfg.Policies.Dir); {
	case cfg.Policies.Dir == "":
		return ok(check, "policies.dir is not set")
	case err != nil:
		return problem(check, config.NoPoliciesDir(cfg.Policies.Dir),
			"Write the folder with nidan policy export, or leave policies.dir out to use the policies that ship.")
	case !info.IsDir():
		return problem(check, cfg.Policies.Dir+" is not a folder: Nidan cannot load the policies", "Set policies.dir to the folder that contains the policies.")
	}
	return ok(check, "the folder "+cfg.Policies.Dir+" exists")
}
