package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"

	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

const (
	variablePrefix = "NIDAN_"
	fileSuffix     = "_FILE"
)

// serviceLink matches the variables that Kubernetes and Docker set for a service with the name nidan or nidan-something (Kubernetes,
// "Discovering services"): NIDAN_SERVICE_HOST, NIDAN_PORT=tcp://10.0.0.1:4455, NIDAN_PORT_4455_TCP_ADDR. An operator cannot remove
// them, so Nidan must not refuse to start because of them. For NIDAN_..._PORT, the value is checked too: the name alone may be a
// misspelt setting.
var serviceLink = regexp.MustCompile(`^NIDAN(_\w+)?_` +
	`(SERVICE_HOST=|SERVICE_PORT(_\w+)?=|PORT=(tcp|udp|sctp)://|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=)`)

// loadEnvironment puts the values of the variables that begin with NIDAN_ over the values in k. It refuses unknown variables, values of
// the wrong type, and a value that is given both by its variable and by its _FILE variable.
func loadEnvironment(k *koanf.Koanf, environ []string) error {
	byVariable := map[string]field{}
	for _, f := range fields() {
		byVariable[f.variable()] = f
		if f.secret || f.rotates {
			byVariable[f.variable()+fileSuffix] = f
		}
	}
	var problems []error
	refuse := func(variable string, err error) { problems = append(problems, fmt.Errorf("%s: %w", variable, err)) }
	given := map[string]string{} // key to variable
	provider := env.Provider(k.Delim(), env.Opt{
		Prefix:      variablePrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(variable, text string) (string, any) {
			f, ok := byVariable[variable]
			if !ok {
				if !serviceLink.MatchString(variable + "=" + text) {
					refuse(variable, errors.New("there is no such setting; config.example.yml shows those there are"))
				}
				return "", nil
			}
			if before, ok := given[f.key]; ok && before != variable {
				refuse(variable, fmt.Errorf("%s is given as well; unset one of the two", before))
			}
			given[f.key] = variable
			value, err := readVariable(f, variable, text)
			if err != nil {
				refuse(variable, err)
			}
			return f.key, value
		},
	})
	if err := k.Load(provider, nil); err != nil {
		return fmt.Errorf("read the environment: %w", err)
	}
	return errors.Join(problems...)
}

func readVariable(f field, variable, text string) (any, error) {
	if variable == f.variable() {
		return f.fromText(text)
	}
	content, err := os.ReadFile(text)
	if err != nil {
		return nil, fmt.Errorf("read the file that it names: %w", withoutPath(err))
	}
	return f.fromFile(string(content))
}

// withoutPath removes the path from the error. If the operator put a secret into NIDAN_..._FILE in place of a file name, the path is
// this secret.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
