package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"go.yaml.in/yaml/v3"

	"nidan/kratos"
)

const (
	password = "nidan-bench-2026"
	people   = 60 // accounts of each kind
)

// kratosDir returns a folder for Kratos alone: the log files of Kratos and of Nidan have the same name.
func (d *door) kratosDir() string { return filepath.Join(d.dir, "kratos") }

func (d *door) dsn() string {
	return "sqlite://" + filepath.Join(d.kratosDir(), "kratos.db") + "?_fk=true&mode=rwc"
}

// kratosFiles writes the files that ship, with some changes.
func (b *bench) kratosFiles(d *door, changes ...func(config, schema object)) error {
	run := kratos.Run{
		PublicPort: port(d.public), AdminPort: port(d.admin), BaseURL: "http://" + d.public, HookToken: hookToken, DSN: d.dsn(), Secret: secret,
	}
	if d.nidan != nil {
		run.HookURL = "http://" + d.nidan.address
	}
	shipped := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(b.root, "kratos", name)) }
	hook, err1 := shipped("after-password.jsonnet")
	said, err2 := shipped("identity.schema.json")
	configured, err3 := run.Config()
	var config, schema object
	err := errors.Join(err1, err2, err3, yaml.Unmarshal(configured, &config), yaml.Unmarshal(said, &schema)) // JSON is YAML, here and below
	if err != nil {
		return fmt.Errorf("read Kratos' files: %w", err)
	}
	for _, change := range changes {
		change(config, schema)
	}
	if err := os.Mkdir(d.kratosDir(), 0o700); err != nil {
		return fmt.Errorf("make Kratos' folder: %w", err)
	}
	for name, content := range map[string][]byte{
		"kratos.yml": encoded(config), "identity.schema.json": encoded(schema), "after-password.jsonnet": hook,
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(d.kratosDir(), name), content, 0o600))
	}
	return err
}

// noHooks removes the hooks, so that Kratos alone decides.
func noHooks(config, _ object) {
	delete(at(config, "selfservice", "flows", "login"), "after")
	delete(at(config, "selfservice", "flows", "settings"), "after")
	delete(at(config, "selfservice", "flows", "settings"), "before")
}

// ownCode makes Kratos' own code a second factor of everybody. Kratos sends it through the mail server smtp.
func ownCode(smtp string) func(config, schema object) {
	return func(config, schema object) {
		at(config, "selfservice", "methods")["code"] = object{"enabled": true, "mfa_enabled": true}
		// Otherwise a session that was opened with the password alone would be enough, and nobody would need the code.
		config["session"] = object{"whoami": object{"required_aal": "highest_available"}}
		config["courier"] = object{"smtp": object{"connection_uri": "smtp://" + smtp + "/?disable_starttls=true"}}
		// Without this, Kratos answers that the account does not exist, and sends nothing.
		at(schema, "properties", "traits", "properties", "email")["ory.sh/kratos"] = object{
			"credentials": object{"code": object{"identifier": true, "via": "email"}},
		}
	}
}

// at follows the steps down into objects, and panics at a missing step. The files are the project's own, so a missing step is a mistake here.
func at(o object, steps ...string) object {
	for _, step := range steps {
		o = o[step].(object)
	}
	return o
}

// startKratos starts Kratos with the files that kratosFiles wrote, and makes the accounts.
func (d *door) startKratos(ctx context.Context, args ...string) error {
	binary, err := kratos.Build(ctx, func(step string) { fmt.Println(step) })
	if err != nil {
		return err
	}
	migrate := exec.CommandContext(ctx, binary, "migrate", "sql", "-e", "--yes")
	migrate.Env = append(os.Environ(), "DSN="+d.dsn())
	if said, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate Kratos' database: %w: %s", err, said)
	}
	d.kratos, err = start(ctx, program{
		args: append([]string{binary, "serve", "-c", "kratos.yml", "--dev"}, args...), env: []string{"HASHERS_BCRYPT_COST=4"},
		dir: d.kratosDir(), ready: "/health/ready",
	}, d.public)
	if err != nil {
		return err
	}
	return d.makeAccounts(ctx)
}

// makeAccounts makes the accounts that sign in. Nidan asks agents for a code, and plain accounts for none.
func (d *door) makeAccounts(ctx context.Context) error {
	making := kratos.NewAdmin("http://" + d.admin)
	for i := range people {
		for kind, twoFactor := range map[string]bool{"plain": false, "agent": true} {
			name := fmt.Sprintf("%s-%d", kind, i)
			a := kratos.Account{Account: name, Name: name, Email: name + "@example.com", Role: "user", TwoFactor: twoFactor, Password: password}
			if _, err := making.CreateAccount(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

func port(address string) int {
	_, said, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(said)
	return n
}
