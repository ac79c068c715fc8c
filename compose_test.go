package main

import (
	"net"
	"net/netip"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"nidan/config"
	"nidan/kratos"
)

// These tests stand in for a Docker engine: they hold docker-compose.yml, Dockerfile and .env.example to each other, to the
// files in this tree, and to the configuration that the demo runs on, which is tried for real.

type compose struct {
	Configs map[string]struct {
		Content string `yaml:"content"`
	} `yaml:"configs"`
	Services map[string]struct {
		Profiles    []string          `yaml:"profiles"`
		Image       string            `yaml:"image"`
		Build       string            `yaml:"build"`
		Command     []string          `yaml:"command"`
		WorkingDir  string            `yaml:"working_dir"`
		Environment map[string]string `yaml:"environment"`
		Volumes     []string          `yaml:"volumes"`
		Ports       []string          `yaml:"ports"`
		Configs     []struct {
			Source string `yaml:"source"`
			Target string `yaml:"target"`
		} `yaml:"configs"`
		DependsOn   map[string]any `yaml:"depends_on"`
		Healthcheck any            `yaml:"healthcheck"`
		Restart     string         `yaml:"restart"`
		Grace       string         `yaml:"stop_grace_period"`
		Networks    map[string]struct {
			Address string   `yaml:"ipv4_address"`
			Aliases []string `yaml:"aliases"`
		} `yaml:"networks"`
	} `yaml:"services"`
	Networks map[string]struct {
		IPAM struct {
			Config []struct{ Subnet string } `yaml:"config"`
		} `yaml:"ipam"`
	} `yaml:"networks"`
	Volumes map[string]any `yaml:"volumes"`
}

var variable = regexp.MustCompile(`\$\{([A-Z_]+)(:\?[^}]*)?\}`)

// dotEnv are values as one would put them into .env, for every name in .env.example.
func dotEnv(t *testing.T) map[string]string {
	t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(readFile(t, ".env.example")) {
		if name, _, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			values[name] = strings.Repeat(strings.ToLower(strings.ReplaceAll(name, "_", "")), 4)[:32]
		}
	}
	return values
}

// loadCompose reads docker-compose.yml as Docker would, with .env filled in.
func loadCompose(t *testing.T) compose {
	t.Helper()
	values := dotEnv(t)
	used := map[string]bool{}
	text := variable.ReplaceAllStringFunc(readFile(t, "docker-compose.yml"), func(v string) string {
		name := variable.FindStringSubmatch(v)[1]
		value, ok := values[name]
		if !ok {
			t.Errorf("%s is not in .env.example", name)
		}
		used[name] = true
		return value
	})
	used["COMPOSE_PROFILES"] = true // by Docker itself
	for name := range values {
		if !used[name] {
			t.Errorf(".env.example has %s, which nothing uses", name)
		}
	}
	var c compose
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// merge lays b over a as Kratos does with its configuration files: objects are merged, all else is replaced.
func merge(a, b map[string]any) map[string]any {
	for k, v := range b {
		below, ok := a[k].(map[string]any)
		if over, isMap := v.(map[string]any); ok && isMap {
			a[k] = merge(below, over)
			continue
		}
		a[k] = v
	}
	return a
}

func asMap(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := yaml.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestComposeRunsKratosOnTheDemosConfiguration(t *testing.T) {
	c := loadCompose(t)
	service := c.Services["kratos"]
	effective := merge(asMap(t, readFile(t, "kratos/kratos.yml")), asMap(t, c.Configs[service.Configs[0].Source].Content))

	// The same, made the way the demo makes it, for compose's addresses.
	run, err := kratos.Run{
		PublicPort: 4433, AdminPort: 4434, BaseURL: c.Services["nidan"].Environment["NIDAN_PUBLIC_URL"],
		HookURL: "http://nidan:4456", HookToken: c.Services["nidan"].Environment["NIDAN_HOOKS_TOKENS"],
		DSN: service.Environment["DSN"], Secret: strings.Repeat("x", 32),
	}.Config()
	if err != nil {
		t.Fatal(err)
	}
	want := asMap(t, string(run))
	// By the environment: DSN, SECRETS_COOKIE, SECRETS_CIPHER.
	delete(want, "dsn")
	delete(want, "secrets")
	// Between containers, nothing is on loopback.
	serve := want["serve"].(map[string]any)
	serve["public"].(map[string]any)["host"], serve["admin"].(map[string]any)["host"] = "0.0.0.0", "0.0.0.0"
	serve["admin"].(map[string]any)["base_url"] = "http://kratos:4434/"
	if !reflect.DeepEqual(effective, want) {
		got, _ := yaml.Marshal(effective)
		should, _ := yaml.Marshal(want)
		t.Errorf("compose runs Kratos on\n%s\nwant\n%s", got, should)
	}
	for _, name := range []string{"DSN", "SECRETS_COOKIE", "SECRETS_CIPHER"} {
		if service.Environment[name] == "" {
			t.Errorf("kratos lacks %s", name)
		}
	}
	if cipher := service.Environment["SECRETS_CIPHER"]; len(cipher) != 32 {
		t.Errorf("SECRETS_CIPHER has %d characters", len(cipher))
	}
	if !reflect.DeepEqual(service.Environment, c.Services["kratos-migrate"].Environment) || service.Image != c.Services["kratos-migrate"].Image {
		t.Error("what is migrated is not what runs")
	}
	if service.Image != "oryd/kratos:"+kratos.Version {
		t.Errorf("the image is %s, the demo runs %s", service.Image, kratos.Version)
	}
}

func TestComposeReachesItsDatabases(t *testing.T) {
	c := loadCompose(t)
	for of, server := range map[string]string{
		c.Services["kratos"].Environment["DSN"]:             "postgres",
		c.Services["nidan-1"].Environment["NIDAN_DATABASE"]: "nidan-postgres",
		c.Services["nidan-2"].Environment["NIDAN_DATABASE"]: "nidan-postgres",
	} {
		dsn, err := url.Parse(of)
		if err != nil {
			t.Fatal(err)
		}
		postgres := c.Services[server].Environment
		password, _ := dsn.User.Password()
		if dsn.Hostname() != server || dsn.Port() != "5432" || dsn.User.Username() != postgres["POSTGRES_USER"] ||
			password != postgres["POSTGRES_PASSWORD"] || dsn.Path != "/"+postgres["POSTGRES_DB"] {
			t.Errorf("%s does not lead to %v", dsn.Redacted(), postgres)
		}
	}
}

// In each profile one service answers to the name by which Kratos looks for the hooks, and what runs in no profile runs in both.
func TestComposeHasOneNidanInEachProfile(t *testing.T) {
	c := loadCompose(t)
	profiles := map[string][]string{}
	for name, service := range c.Services {
		for _, p := range service.Profiles {
			answers := name == "nidan" || slices.Contains(service.Networks["default"].Aliases, "nidan")
			if profiles[p] = profiles[p]; answers {
				profiles[p] = append(profiles[p], name)
			}
		}
	}
	want := map[string][]string{"one": {"nidan"}, "replicas": {"balancer"}}
	if !reflect.DeepEqual(profiles, want) {
		t.Errorf("by the name nidan are known %v, want %v", profiles, want)
	}
	if !strings.Contains(readFile(t, ".env.example"), "\nCOMPOSE_PROFILES=one\n") {
		t.Error("what .env.example has is no profile")
	}
}

// serve refuses a database that is older than the program.
func TestComposeMigratesItsDatabases(t *testing.T) {
	c := loadCompose(t)
	if got := c.Services["nidan"].Command; !slices.Equal(got, []string{"serve", "--migrate"}) {
		t.Errorf("nidan runs %v", got)
	}
	migrate := c.Services["nidan-migrate"]
	if !slices.Equal(migrate.Command, []string{"migrate", "up"}) {
		t.Errorf("nidan-migrate runs %v", migrate.Command)
	}
	for _, name := range []string{"nidan-1", "nidan-2"} {
		replica := c.Services[name]
		if !reflect.DeepEqual(replica.Environment, migrate.Environment) || replica.Build != migrate.Build {
			t.Errorf("what is migrated is not the database of %s", name)
		}
		if _, waits := replica.DependsOn["nidan-migrate"]; !waits {
			t.Errorf("%s does not wait for nidan-migrate", name)
		}
	}
}

func TestComposeTrustsItsBalancer(t *testing.T) {
	c := loadCompose(t)
	balancer := netip.MustParseAddr(c.Services["balancer"].Networks["default"].Address)
	if subnet := netip.MustParsePrefix(c.Networks["default"].IPAM.Config[0].Subnet); !subnet.Contains(balancer) {
		t.Errorf("%s is not in %s", balancer, subnet)
	}
	for _, name := range []string{"nidan-1", "nidan-2"} {
		trusted := c.Services[name].Environment["NIDAN_PUBLIC_TRUSTED_PROXIES"]
		if trusted != balancer.String()+"/32" {
			t.Errorf("%s trusts %s, and not the balancer at %s alone", name, trusted, balancer)
		}
		for _, port := range []string{"4455", "4456"} {
			if !strings.Contains(c.Configs["balancer"].Content, name+":"+port) {
				t.Errorf("the balancer does not know %s:%s", name, port)
			}
		}
	}
}

func TestComposeMountsWhatIsThere(t *testing.T) {
	c := loadCompose(t)
	for name, service := range c.Services {
		for _, v := range service.Volumes {
			source, target, _ := strings.Cut(v, ":")
			if !strings.HasPrefix(source, "./") {
				if _, ok := c.Volumes[source]; !ok {
					t.Errorf("%s: the volume %s is not declared", name, source)
				}
				continue
			}
			target = strings.TrimSuffix(target, ":ro")
			if _, err := os.Stat(filepath.FromSlash(source)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if path.Dir(target) != service.WorkingDir || path.Base(target) != path.Base(source) {
				t.Errorf("%s: %s is mounted as %s, and looked for in %s", name, source, target, service.WorkingDir)
			}
		}
		for _, m := range service.Configs {
			if _, ok := c.Configs[m.Source]; !ok {
				t.Errorf("%s: the config %s is not declared", name, m.Source)
			}
			if !slices.Contains(service.Command, path.Base(m.Target)) || path.Dir(m.Target) != service.WorkingDir {
				t.Errorf("%s: %s is not what is run", name, m.Target)
			}
		}
		for on := range service.DependsOn {
			if _, ok := c.Services[on]; !ok {
				t.Errorf("%s depends on %s, which there is not", name, on)
			}
		}
	}
}

func TestComposeRunsNidanOnAConfigurationItTakes(t *testing.T) {
	c := loadCompose(t)
	for _, name := range []string{"nidan", "nidan-1", "nidan-2"} {
		t.Run(name, func(t *testing.T) { takesItsConfiguration(t, c, name) })
	}
}

func takesItsConfiguration(t *testing.T, c compose, name string) {
	service := c.Services[name]
	environ := []string{}
	for name, value := range service.Environment {
		environ = append(environ, name+"="+value)
	}
	for name, value := range dockerfileEnv(t) {
		if _, there := service.Environment[name]; !there {
			environ = append(environ, name+"="+value)
		}
	}
	cfg, err := config.Load("", environ)
	if err != nil {
		t.Fatal(err)
	}
	// Two listeners drain for 10 seconds each, with 10 seconds in between, and then the mails.
	if grace, err := time.ParseDuration(service.Grace); err != nil || grace < cfg.Shutdown.Notice+40*time.Second {
		t.Errorf("it is killed after %q, before it has stopped (%v)", service.Grace, err)
	}
	for key, pair := range map[string][2]string{
		"public.listen":     {cfg.Public.Listen, "0.0.0.0:4455"},
		"hooks.listen":      {cfg.Hooks.Listen, "0.0.0.0:4456"},
		"public.url":        {cfg.Public.URL, "http://127.0.0.1:4455"},
		"kratos.public_url": {cfg.Kratos.PublicURL, "http://kratos:4433"},
		"kratos.admin_url":  {cfg.Kratos.AdminURL, "http://kratos:4434"},
		"mail.smtp.host":    {cfg.Mail.SMTP.Host, "mail"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %s, want %s", key, pair[0], pair[1])
		}
	}
	if cfg.Mail.SMTP.Port != 1025 { // mailpit's
		t.Errorf("mail.smtp.port is %d", cfg.Mail.SMTP.Port)
	}
	database, ok := strings.CutPrefix(cfg.Database, "sqlite:")
	if name == "nidan" && !ok || ok && !slices.Contains(service.Volumes, "nidan:"+path.Dir(database)) {
		t.Errorf("the database %s is not kept in a volume: %v", cfg.Database, service.Volumes)
	}
	if service.Build != "." {
		t.Errorf("nidan is built from %q", service.Build)
	}
}

func TestComposeShowsOnlyWhatFacesPeople(t *testing.T) {
	c := loadCompose(t)
	want := map[string][]string{"nidan": {"127.0.0.1:4455:4455"}, "balancer": {"127.0.0.1:4455:4455"}, "mail": {"127.0.0.1:8025:8025"}}
	for name, service := range c.Services {
		if !slices.Equal(service.Ports, want[name]) {
			t.Errorf("%s publishes %v, want %v", name, service.Ports, want[name])
		}
	}
	u, err := url.Parse(c.Services["nidan"].Environment["NIDAN_PUBLIC_URL"])
	if err != nil {
		t.Fatal(err)
	}
	if host, port, _ := net.SplitHostPort(u.Host); host+":"+port+":"+port != want["nidan"][0] {
		t.Errorf("nidan says it is at %s and is published at %v", u, want["nidan"])
	}
}

// dockerfileEnv are the variables that the image sets.
func dockerfileEnv(t *testing.T) map[string]string {
	t.Helper()
	_, rest, ok := strings.Cut(strings.ReplaceAll(readFile(t, "Dockerfile"), "\\\n", " "), "\nENV ")
	if !ok {
		t.Fatal("the Dockerfile sets no variables")
	}
	line, _, _ := strings.Cut(rest, "\n")
	env := map[string]string{}
	for _, pair := range strings.Fields(line) {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}

func TestDockerfile(t *testing.T) {
	text := readFile(t, "Dockerfile")
	for what, want := range map[string]string{
		"the program is static":                   "CGO_ENABLED=0 go build",
		"it is not run by root":                   "\nUSER 65532:65532\n",
		"the database's folder belongs to it":     "COPY --from=build --chown=65532:65532 /out/data /data",
		"its health is asked by the program":      `CMD ["/nidan", "healthcheck"]`,
		"it serves":                               "\nCMD [\"serve\"]\n",
		"both listeners are named":                "\nEXPOSE 4455 4456\n",
		"mail servers' certificates are verified": "/etc/ssl/certs/ca-certificates.crt",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s: no %q", what, want)
		}
	}
	module := readFile(t, "go.mod")
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(module)[1]
	if !strings.Contains(text, "FROM golang:"+version+" ") {
		t.Errorf("the module needs Go %s, and the image has another", version)
	}
}
