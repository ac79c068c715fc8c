package main

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// steps are the services that end by themselves.
var steps = []string{"kratos-migrate", "nidan-migrate"}

// A tag can lead to another image tomorrow: an attacker who takes over the publisher's account can put any image there.
func TestComposeAndDockerfileNameImagesByTheirDigests(t *testing.T) {
	digest := regexp.MustCompile(`^[a-z0-9./-]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}$`)
	for name, s := range loadCompose(t).Services {
		if s.Build == "" && !digest.MatchString(s.Image) {
			t.Errorf("%s runs %s, which names no digest", name, s.Image)
		}
	}
	for _, from := range regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(readFile(t, "Dockerfile"), -1) {
		if from[1] != "scratch" && !digest.MatchString(from[1]) {
			t.Errorf("the image is built from %s, which names no digest", from[1])
		}
	}
}

func TestComposeGivesContainersNoRights(t *testing.T) {
	for name, s := range loadCompose(t).Services {
		if !s.ReadOnly {
			t.Errorf("%s: its root can be written", name)
		}
		if !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s: it drops only the capabilities %v", name, s.CapDrop)
		}
		if !slices.Contains(s.Security, "no-new-privileges:true") {
			t.Errorf("%s: it can gain privileges", name)
		}
		// TestDockerfile checks the user of Nidan's own image.
		if uid, _, _ := strings.Cut(s.User, ":"); s.Build == "" && !isOrdinary(uid) {
			t.Errorf("%s: it is run by %q", name, s.User)
		}
	}
}

// isOrdinary says whether uid is the number of a user who is not root. It refuses a name, which would be looked up in the image.
func isOrdinary(uid string) bool {
	n, err := strconv.Atoi(uid)
	return err == nil && n > 0
}

func TestComposeBoundsWhatAContainerTakes(t *testing.T) {
	size := regexp.MustCompile(`^[1-9]\d*[mg]$`)
	for name, s := range loadCompose(t).Services {
		if !size.MatchString(s.Memory) || s.CPUs <= 0 || s.PIDs <= 0 {
			t.Errorf("%s may take memory %q, %v CPUs and %d processes", name, s.Memory, s.CPUs, s.PIDs)
		}
	}
}

func TestComposeNoticesAndRestartsWhatFails(t *testing.T) {
	for name, s := range loadCompose(t).Services {
		if slices.Contains(steps, name) {
			if s.Restart != "on-failure" || len(s.Healthcheck.Test) > 0 {
				t.Errorf("%s ends: it is restarted %q, and asked %v", name, s.Restart, s.Healthcheck.Test)
			}
			continue
		}
		if s.Restart != "unless-stopped" {
			t.Errorf("%s is restarted %q", name, s.Restart)
		}
		h := s.Healthcheck
		if len(h.Test) < 2 || h.Interval == "" || h.Timeout == "" {
			t.Errorf("%s: the health check is not complete: %+v", name, h)
		}
		if h.Test[0] == "CMD-SHELL" && s.Build != "" {
			t.Errorf("%s: its image has no shell", name)
		}
	}
}

// docker inspect shows the environment of a container, and each program that is started in the container gets it.
func TestComposeGivesSecretsAsFiles(t *testing.T) {
	c, made := loadCompose(t), composeSecrets(t)
	for name, s := range c.Services {
		for variable, value := range s.Environment {
			secret := regexp.MustCompile(`SECRET|TOKEN|PASSWORD|DSN|DATABASE`).MatchString(variable)
			if secret != strings.HasSuffix(variable, "_FILE") {
				t.Errorf("%s: %s is no file", name, variable)
			}
			file, inFile := strings.CutPrefix(value, "/run/secrets/")
			if secret && (!inFile || !slices.ContainsFunc(s.Secrets, func(given serviceSecret) bool { return given.Target == file })) {
				t.Errorf("%s: %s is %s, which it is not given", name, variable, value)
			}
		}
		for _, given := range s.Secrets {
			file, ok := strings.CutPrefix(c.Secrets[given.Source].File, "./secrets/")
			if !ok || made[file] == "" {
				t.Errorf("%s is given %s, which deploy/compose/secrets does not make", name, given.Source)
			}
		}
	}
	given := []string{}
	for _, s := range c.Services {
		for _, secret := range s.Secrets {
			given = append(given, secret.Source)
		}
	}
	for source := range c.Secrets {
		if !slices.Contains(given, source) {
			t.Errorf("nobody is given %s", source)
		}
	}
	for _, ignored := range []string{".gitignore", ".dockerignore"} {
		if !regexp.MustCompile(`(?m)^/?secrets/?$`).MatchString(readFile(t, ignored)) {
			t.Errorf("%s does not name the folder of the secrets", ignored)
		}
	}
	values := slices.Sorted(maps.Values(made))
	if len(slices.Compact(values)) != len(made) {
		t.Error("two secrets are the same")
	}
}

// The admin API does not ask who calls it: everybody who reaches it administers all accounts.
func TestComposeLetsNidanAloneReachKratosAdminAPI(t *testing.T) {
	c := loadCompose(t)
	if got, want := in(c, "kratos"), []string{"kratos", "nidan", "nidan-1", "nidan-2"}; !slices.Equal(got, want) {
		t.Errorf("in the network kratos are %v, want %v", got, want)
	}
	admin := asMap(t, composeSecrets(t)["kratos.yml"])["serve"].(map[string]any)["admin"].(map[string]any)
	address := c.Services["kratos"].Networks["kratos"].Address
	if admin["host"] != address {
		t.Errorf("the admin API listens at %v, and Kratos is at %s in that network", admin["host"], address)
	}
	if subnet := netip.MustParsePrefix(c.Networks["kratos"].IPAM.Config[0].Subnet); !subnet.Contains(netip.MustParseAddr(address)) {
		t.Errorf("%s is not in %s", address, subnet)
	}
	for name, s := range c.Services["kratos"].Networks {
		if known := slices.Contains(s.Aliases, "kratos-admin"); known != (name == "kratos") {
			t.Errorf("in the network %s, the admin API is known: %v", name, known)
		}
	}
}

func TestComposeKeepsNetworksApart(t *testing.T) {
	c := loadCompose(t)
	for network, want := range map[string][]string{
		"hooks":           {"balancer", "kratos", "nidan"},
		"kratos-database": {"kratos", "kratos-migrate", "postgres"},
		"nidan-database":  {"nidan-1", "nidan-2", "nidan-migrate", "nidan-postgres"},
		"public":          {"balancer", "mail", "nidan", "nidan-1", "nidan-2"},
	} {
		if got := in(c, network); !slices.Equal(got, want) {
			t.Errorf("in the network %s are %v, want %v", network, got, want)
		}
	}
	for name, network := range c.Networks {
		if network.Internal == (name == "public") {
			t.Errorf("the network %s leads nowhere: %v", name, network.Internal)
		}
	}
	for name, s := range c.Services {
		if len(s.Networks) == 0 {
			t.Errorf("%s is in the network of all", name)
		}
	}
}

// in lists the services in a network.
func in(c compose, network string) []string {
	var names []string
	for name, s := range c.Services {
		if _, there := s.Networks[network]; there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// nginx looks a name up only when it starts. A Nidan container that is made again must not get another address.
func TestComposeGivesEachReplicaItsAddress(t *testing.T) {
	c := loadCompose(t)
	subnet := netip.MustParsePrefix(c.Networks["public"].IPAM.Config[0].Subnet)
	seen := map[string]bool{}
	for _, name := range []string{"balancer", "nidan-1", "nidan-2"} {
		address := c.Services[name].Networks["public"].Address
		if a, err := netip.ParseAddr(address); err != nil || !subnet.Contains(a) || seen[address] {
			t.Errorf("%s has the address %q", name, address)
		}
		seen[address] = true
	}
}
