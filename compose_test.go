package main

import (
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
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

// These tests stand in for a Docker engine. They compare docker-compose.yml, Dockerfile and .env.example with each other, with the files in
// this tree, and with the demo's configuration, which other tests run for real.

type compose struct {
	Services map[string]service     `yaml:"services"`
	Networks map[string]composeNet  `yaml:"networks"`
	Secrets  map[string]composeFile `yaml:"secrets"`
	Volumes  map[string]any         `yaml:"volumes"`

	Hardened any `yaml:"x-hardened"` // merged into the services
	Step     any `yaml:"x-step"`
	Postgres any `yaml:"x-postgres"`
}

type composeFile struct {
	File string `yaml:"file"`
}

type composeNet struct {
	Internal bool `yaml:"internal"`
	IPAM     struct {
		Config []struct{ Subnet string } `yaml:"config"`
	} `yaml:"ipam"`
}

type service struct {
	Profiles    []string          `yaml:"profiles"`
	Image       string            `yaml:"image"`
	Build       string            `yaml:"build"`
	Command     []string          `yaml:"command"`
	WorkingDir  string            `yaml:"working_dir"`
	Environment map[string]string `yaml:"environment"`
	Secrets     []serviceSecret   `yaml:"secrets"`
	Volumes     []string          `yaml:"volumes"`
	Ports       []string          `yaml:"ports"`
	DependsOn   map[string]any    `yaml:"depends_on"`
	Restart     string            `yaml:"restart"`
	Grace       string            `yaml:"stop_grace_period"`
	Networks    serviceNetworks   `yaml:"networks"`
	Healthcheck struct {
		Test     []string `yaml:"test"`
		Interval string   `yaml:"interval"`
		Timeout  string   `yaml:"timeout"`
		Start    string   `yaml:"start_period"`
		Retries  int      `yaml:"retries"`
	} `yaml:"healthcheck"`

	User     string   `yaml:"user"`
	ReadOnly bool     `yaml:"read_only"`
	CapDrop  []string `yaml:"cap_drop"`
	Security []string `yaml:"security_opt"`
	Tmpfs    []string `yaml:"tmpfs"`
	Memory   string   `yaml:"mem_limit"`
	CPUs     float64  `yaml:"cpus"`
	PIDs     int      `yaml:"pids_limit"`
}

// serviceSecret is written as a name, or as a name and the name of the file.
type serviceSecret struct {
	Source string `yaml:"source"`
	Target string `yaml:"target"`
}

func (s *serviceSecret) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		s.Source, s.Target = n.Value, n.Value
		return nil
	}
	type plain serviceSecret
	return n.Decode((*plain)(s))
}

type serviceNetwork struct {
	Address string   `yaml:"ipv4_address"`
	Aliases []string `yaml:"aliases"`
}

// serviceNetworks are written as a list of names, or with the address and the aliases of the service in each network.
type serviceNetworks map[string]serviceNetwork

func (s *serviceNetworks) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		*s = serviceNetworks{}
		for _, name := range n.Content {
			(*s)[name.Value] = serviceNetwork{}
		}
		return nil
	}
	return n.Decode((*map[string]serviceNetwork)(s))
}

// loadCompose reads docker-compose.yml as Docker would.
func loadCompose(t *testing.T) compose {
	t.Helper()
	text := readFile(t, "docker-compose.yml")
	if strings.Contains(strings.ReplaceAll(text, "$$", ""), "${") {
		t.Error("docker-compose.yml takes something out of .env, which is for COMPOSE_PROFILES alone")
	}
	var c compose
	dec := yaml.NewDecoder(strings.NewReader(strings.ReplaceAll(text, "$$", "$")))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// composeSecrets returns the files that deploy/compose/secrets makes, by name.
func composeSecrets(t *testing.T) map[string]string {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"secrets", "kratos.yml"} {
		to := filepath.Join(root, "deploy", "compose", name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(readFile(t, "deploy/compose/"+name)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	made := map[string]string{}
	for range 2 { // the second run must change nothing
		if out, err := exec.Command(filepath.Join(root, "deploy", "compose", "secrets")).CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("%v: %s", err, out)
		}
		files, err := filepath.Glob(filepath.Join(root, "secrets", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name, content := filepath.Base(file), readFile(t, file)
			if before, there := made[name]; there && before != content {
				t.Errorf("%s is another one after the second run", name)
			}
			made[name] = content
		}
	}
	if info, err := os.Stat(filepath.Join(root, "secrets")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is open to others: %v, %v", info.Mode(), err)
	}
	return made
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// merge merges b into a like Kratos merges its configuration files: it merges objects, and replaces other values.
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
	c, secrets := loadCompose(t), composeSecrets(t)
	service, migrate := c.Services["kratos"], c.Services["kratos-migrate"]
	effective := merge(asMap(t, readFile(t, "kratos/kratos.yml")), asMap(t, secrets["kratos.yml"]))

	// The same configuration, made like the demo makes it, with compose's addresses.
	run, err := kratos.Run{
		PublicPort: 4433, AdminPort: 4434, BaseURL: c.Services["nidan"].Environment["NIDAN_PUBLIC_URL"],
		HookURL: "http://nidan:4456", HookToken: strings.TrimSpace(secrets["hooks_tokens"]),
		DSN: dsnOf(t, "kratos", "postgres", secrets["kratos_postgres"]), Secret: strings.Repeat("x", 32),
	}.Config()
	if err != nil {
		t.Fatal(err)
	}
	want := asMap(t, string(run))
	want["secrets"] = map[string]any{
		"cookie": []any{strings.TrimSpace(secrets["kratos_cookie"])}, "cipher": []any{strings.TrimSpace(secrets["kratos_cipher"])},
	}
	// Containers do not reach each other on loopback.
	serve := want["serve"].(map[string]any)
	serve["public"].(map[string]any)["host"], serve["admin"].(map[string]any)["host"] = "0.0.0.0", service.Networks["kratos"].Address
	serve["admin"].(map[string]any)["base_url"] = "http://kratos-admin:4434/"
	if !reflect.DeepEqual(effective, want) {
		got, _ := yaml.Marshal(effective)
		should, _ := yaml.Marshal(want)
		t.Errorf("compose runs Kratos on\n%s\nwant\n%s", got, should)
	}
	if cipher := strings.TrimSpace(secrets["kratos_cipher"]); len(cipher) != 32 {
		t.Errorf("the cipher's secret has %d characters", len(cipher))
	}
	last := "/run/secrets/" + service.Secrets[0].Target
	if !slices.Equal(service.Command, []string{"serve", "-c", "kratos.yml", "-c", last, "--dev"}) ||
		!slices.Equal(migrate.Command, []string{"migrate", "sql", "-e", "--yes", "-c", last}) {
		t.Errorf("Kratos is run with %v and %v", service.Command, migrate.Command)
	}
	if !reflect.DeepEqual(service.Secrets, migrate.Secrets) || service.Image != migrate.Image {
		t.Error("what is migrated is not what runs")
	}
	if !strings.HasPrefix(service.Image, "oryd/kratos:"+kratos.Version+"@") {
		t.Errorf("the image is %s, the demo runs %s", service.Image, kratos.Version)
	}
}

func dsnOf(t *testing.T, user, host, password string) string {
	t.Helper()
	return "postgres://" + user + ":" + strings.TrimSpace(password) + "@" + host + ":5432/" + user + "?sslmode=disable"
}

func TestComposeReachesItsDatabases(t *testing.T) {
	c, secrets := loadCompose(t), composeSecrets(t)
	for server, user := range map[string]string{"postgres": "kratos", "nidan-postgres": "nidan"} {
		e := c.Services[server].Environment
		if e["POSTGRES_USER"] != user || e["POSTGRES_DB"] != user || e["POSTGRES_PASSWORD_FILE"] != "/run/secrets/"+user+"_postgres" {
			t.Errorf("%s is set up with %v", server, e)
		}
	}
	if got, want := strings.TrimSpace(secrets["nidan_database"]), dsnOf(t, "nidan", "nidan-postgres", secrets["nidan_postgres"]); got != want {
		t.Error("the URL of Nidan's database does not lead to nidan-postgres")
	}
}

// In each profile, one service has the name by which Kratos calls the hooks. A service without a profile runs in both profiles.
func TestComposeHasOneNidanInEachProfile(t *testing.T) {
	c := loadCompose(t)
	profiles := map[string][]string{}
	for name, service := range c.Services {
		for _, p := range service.Profiles {
			answers := name == "nidan" || slices.Contains(service.Networks["hooks"].Aliases, "nidan")
			if _, there := profiles[p]; !there {
				profiles[p] = nil
			}
			if answers {
				profiles[p] = append(profiles[p], name)
			}
		}
	}
	want := map[string][]string{"one": {"nidan"}, "replicas": {"balancer"}}
	if !reflect.DeepEqual(profiles, want) {
		t.Errorf("the name nidan leads to %v, want %v", profiles, want)
	}
	if !strings.Contains(readFile(t, ".env.example"), "\nCOMPOSE_PROFILES=one\n") {
		t.Error(".env.example does not choose the profile one")
	}
}

// nidan serve refuses a database that is older than the program.
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
	balancer := netip.MustParseAddr(c.Services["balancer"].Networks["public"].Address)
	if subnet := netip.MustParsePrefix(c.Networks["public"].IPAM.Config[0].Subnet); !subnet.Contains(balancer) {
		t.Errorf("%s is not in %s", balancer, subnet)
	}
	for _, name := range []string{"nidan-1", "nidan-2"} {
		trusted := c.Services[name].Environment["NIDAN_PUBLIC_TRUSTED_PROXIES"]
		if trusted != balancer.String()+"/32" {
			t.Errorf("%s trusts %s, and not the balancer at %s alone", name, trusted, balancer)
		}
		for _, port := range []string{"4455", "4456"} {
			if !strings.Contains(readFile(t, "deploy/compose/balancer.conf"), name+":"+port) {
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
			used := path.Dir(target) == service.WorkingDir || slices.Contains(service.Command, target)
			if !used || path.Base(target) != path.Base(source) {
				t.Errorf("%s: %s is mounted as %s, and looked for in %s", name, source, target, service.WorkingDir)
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
	secrets := composeSecrets(t)
	environ := []string{}
	for name, value := range service.Environment {
		if file, ok := strings.CutPrefix(value, "/run/secrets/"); ok {
			at := filepath.Join(t.TempDir(), file)
			if err := os.WriteFile(at, []byte(secrets[file]), 0o600); err != nil {
				t.Fatal(err)
			}
			value = at
		}
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
	// Two listeners drain for 10 seconds each, with up to 10 seconds in between, and then the mails get 10 seconds.
	if grace, err := time.ParseDuration(service.Grace); err != nil || grace < cfg.Shutdown.Notice+40*time.Second {
		t.Errorf("it is killed after %q, before it has stopped (%v)", service.Grace, err)
	}
	for key, pair := range map[string][2]string{
		"public.listen":     {cfg.Public.Listen, "0.0.0.0:4455"},
		"hooks.listen":      {cfg.Hooks.Listen, "0.0.0.0:4456"},
		"public.url":        {cfg.Public.URL, "http://127.0.0.1:4455"},
		"kratos.public_url": {cfg.Kratos.PublicURL, "http://kratos:4433"},
		"kratos.admin_url":  {cfg.Kratos.AdminURL, "http://kratos-admin:4434"},
		"mail.smtp.host":    {cfg.Mail.SMTP.Host, "mail"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %s, want %s", key, pair[0], pair[1])
		}
	}
	if cfg.Mail.SMTP.Port != 1025 { // the port of mailpit
		t.Errorf("mail.smtp.port is %d", cfg.Mail.SMTP.Port)
	}
	database, ok := strings.CutPrefix(cfg.Database, "sqlite:")
	if name == "nidan" && !ok || ok && !slices.Contains(service.Volumes, "nidan:"+path.Join(workingDir(t), path.Dir(database))) {
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

// workingDir returns the folder in which the image runs the program.
func workingDir(t *testing.T) string {
	t.Helper()
	dirs := regexp.MustCompile(`(?m)^WORKDIR (\S+)$`).FindAllStringSubmatch(readFile(t, "Dockerfile"), -1)
	return dirs[len(dirs)-1][1]
}

// dockerfileEnv returns the variables that the image sets.
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
	if !strings.Contains(text, "FROM golang:"+version+"@sha256:") {
		t.Errorf("the module needs Go %s, and the image has another", version)
	}
}
