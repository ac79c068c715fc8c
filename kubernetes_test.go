package main

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"nidan/config"
)

// These tests stand in for a cluster: they check what the manifests promise.

type manifest struct {
	Kind     string
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Data      map[string]string
	Automount *bool `yaml:"automountServiceAccountToken"`
	Spec      yaml.Node
}

type deployment struct {
	Replicas int
	Strategy struct {
		RollingUpdate struct {
			MaxUnavailable int `yaml:"maxUnavailable"`
		} `yaml:"rollingUpdate"`
	}
	Selector struct {
		Labels map[string]string `yaml:"matchLabels"`
	}
	Template struct {
		Metadata struct{ Labels map[string]string }
		Spec     pod
	}
}

type pod struct {
	Account   string `yaml:"serviceAccountName"`
	Automount *bool  `yaml:"automountServiceAccountToken"`
	Grace     int    `yaml:"terminationGracePeriodSeconds"`
	Security  struct {
		NonRoot bool                  `yaml:"runAsNonRoot"`
		User    int                   `yaml:"runAsUser"`
		Seccomp struct{ Type string } `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	Init       []container `yaml:"initContainers"`
	Containers []container
	Volumes    []struct {
		Name   string
		Secret struct {
			Name string `yaml:"secretName"`
		}
	}
}

type container struct {
	Name    string
	Image   string
	Args    []string
	EnvFrom []struct {
		ConfigMap struct{ Name string } `yaml:"configMapRef"`
	} `yaml:"envFrom"`
	Env      []struct{ Name, Value string }
	Ports    []containerPort
	Startup  probe `yaml:"startupProbe"`
	Live     probe `yaml:"livenessProbe"`
	Ready    probe `yaml:"readinessProbe"`
	Security struct {
		Escalation   *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRoot bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities struct{ Drop []string }
	} `yaml:"securityContext"`
	Resources struct{ Requests, Limits map[string]string }
	Mounts    []struct {
		Name     string
		Path     string `yaml:"mountPath"`
		ReadOnly bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type containerPort struct {
	Name string
	Port int `yaml:"containerPort"`
}

type probe struct {
	Get struct{ Path, Port string } `yaml:"httpGet"`
}

type networkPolicy struct {
	Pods    selector      `yaml:"podSelector"`
	Types   []string      `yaml:"policyTypes"`
	Ingress []networkRule `yaml:"ingress"`
}

type networkRule struct {
	From  []map[string]selector
	Ports []struct{ Port int }
}

type selector struct {
	Labels map[string]string `yaml:"matchLabels"`
}

// manifests returns all manifests, by kind and name.
func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	var list struct{ Resources []string }
	if err := yaml.Unmarshal([]byte(readFile(t, "deploy/kubernetes/kustomization.yaml")), &list); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("deploy/kubernetes/*.yaml")
	if err != nil || len(files) != len(list.Resources)+1 {
		t.Errorf("%v are applied, and there are %v: %v", list.Resources, files, err)
	}
	all := map[string]manifest{}
	for _, name := range list.Resources {
		dec := yaml.NewDecoder(bytes.NewReader([]byte(readFile(t, "deploy/kubernetes/"+name))))
		for {
			var m manifest
			err := dec.Decode(&m)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all[m.Kind+"/"+m.Metadata.Name] = m
		}
	}
	return all
}

// spec reads the specification of one manifest.
func spec(t *testing.T, name string, into any) {
	t.Helper()
	m, ok := manifests(t)[name]
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	if err := m.Spec.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestKubernetesRunsSeveralNidans(t *testing.T) {
	var d deployment
	spec(t, "Deployment/nidan", &d)
	if d.Replicas < 2 || d.Strategy.RollingUpdate.MaxUnavailable != 0 {
		t.Errorf("%d replicas, of which %d may be missing while a new version comes", d.Replicas, d.Strategy.RollingUpdate.MaxUnavailable)
	}
	var budget struct {
		Min      int `yaml:"minAvailable"`
		Selector selector
	}
	spec(t, "PodDisruptionBudget/nidan", &budget)
	if budget.Min < 1 || budget.Min >= d.Replicas {
		t.Errorf("%d of %d have to stay: none would be left, or no machine could be emptied", budget.Min, d.Replicas)
	}
	for what, labels := range map[string]map[string]string{"the deployment": d.Selector.Labels, "the budget": budget.Selector.Labels} {
		if len(labels) == 0 || !contains(d.Template.Metadata.Labels, labels) {
			t.Errorf("%s is about %v, and pods are %v", what, labels, d.Template.Metadata.Labels)
		}
	}
}

// contains says whether labels contains each label of all.
func contains(labels, all map[string]string) bool {
	for name, value := range all {
		if labels[name] != value {
			return false
		}
	}
	return true
}

func TestKubernetesGivesPodsNoRights(t *testing.T) {
	var d deployment
	spec(t, "Deployment/nidan", &d)
	p := d.Template.Spec
	if !p.Security.NonRoot || p.Security.User == 0 || p.Automount == nil || *p.Automount {
		t.Errorf("run as %d, not as root: %v, without a token: %v", p.Security.User, p.Security.NonRoot, p.Automount)
	}
	if account := manifests(t)["ServiceAccount/"+p.Account]; account.Automount == nil || *account.Automount {
		t.Errorf("the account %q is given a token", p.Account)
	}
	if got := p.Security.Seccomp.Type; got != "RuntimeDefault" {
		t.Errorf("calls to the kernel are filtered by %q", got)
	}
	for _, c := range slices.Concat(p.Init, p.Containers) {
		s := c.Security
		if !s.ReadOnlyRoot || s.Escalation == nil || *s.Escalation || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) {
			t.Errorf("%s has the rights %+v", c.Name, s)
		}
		if c.Resources.Limits["memory"] == "" || c.Resources.Requests["memory"] == "" || c.Resources.Requests["cpu"] == "" {
			t.Errorf("%s takes what it likes: %+v", c.Name, c.Resources)
		}
	}
}

func TestKubernetesAsksWhetherAPodWorks(t *testing.T) {
	var d deployment
	spec(t, "Deployment/nidan", &d)
	c := d.Template.Spec.Containers[0]
	for what, pair := range map[string][2]probe{
		"startup": {c.Startup, probeOf("/healthz")},
		"live":    {c.Live, probeOf("/healthz")}, // a restart does not bring a database back
		"ready":   {c.Ready, probeOf("/readyz")},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %+v, want %+v", what, pair[0], pair[1])
		}
	}
	if !slices.Contains(c.Ports, containerPort{"hooks", 4456}) || !slices.Contains(c.Ports, containerPort{"public", 4455}) {
		t.Errorf("it listens at %v", c.Ports)
	}
}

func probeOf(path string) (p probe) {
	p.Get.Path, p.Get.Port = path, "hooks"
	return p
}

// Nidan refuses a misspelt variable by its name, so no pod would start.
func TestKubernetesRunsNidanOnAConfigurationItTakes(t *testing.T) {
	var d deployment
	spec(t, "Deployment/nidan", &d)
	p := d.Template.Spec
	migrate, serve := p.Init[0], p.Containers[0]
	if !slices.Equal(migrate.Args, []string{"migrate", "up"}) || !slices.Equal(serve.Args, []string{"serve"}) {
		t.Errorf("first %v, then %v", migrate.Args, serve.Args)
	}
	for _, c := range []container{migrate, serve} {
		cfg, err := config.Load("", environOf(t, p, c))
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if !strings.HasPrefix(cfg.Database, "postgres://") {
			t.Errorf("%s: several pods share no %s", c.Name, cfg.Database)
		}
		if cfg.Shutdown.Notice == 0 || time.Duration(p.Grace)*time.Second < cfg.Shutdown.Notice+40*time.Second {
			t.Errorf("%s: it is killed after %d seconds, and stops in %v and 40 more", c.Name, p.Grace, cfg.Shutdown.Notice)
		}
		if cfg.Mail.SMTP.TLS == "none" || !strings.HasPrefix(cfg.Public.URL, "https://") {
			t.Errorf("%s: mail %s, pages at %s", c.Name, cfg.Mail.SMTP.TLS, cfg.Public.URL)
		}
	}
}

// environOf returns the environment of a container. Each secret must be a file of a volume that is a Secret.
func environOf(t *testing.T, p pod, c container) []string {
	t.Helper()
	environ := []string{}
	for name, value := range manifests(t)["ConfigMap/"+c.EnvFrom[0].ConfigMap.Name].Data {
		if regexp.MustCompile(`SECRETS|TOKEN|PASSWORD|DATABASE`).MatchString(name) {
			t.Errorf("%s is in a ConfigMap, which is no place for a secret", name)
		}
		environ = append(environ, name+"="+value)
	}
	for _, e := range c.Env {
		mounted := false
		for _, m := range c.Mounts {
			for _, v := range p.Volumes {
				mounted = mounted || v.Name == m.Name && v.Secret.Name != "" && m.ReadOnly && filepath.Dir(e.Value) == m.Path
			}
		}
		if !strings.HasSuffix(e.Name, "_FILE") || !mounted {
			t.Errorf("%s: %s is %s, which is no file of a Secret", c.Name, e.Name, e.Value)
		}
		environ = append(environ, e.Name+"="+secretFile(t, e.Name))
	}
	return environ
}

// A caller who reaches the hooks' listener and has the token can call the hooks like Kratos. Metrics and readiness are there, too.
func TestKubernetesLetsKratosAloneReachTheHooks(t *testing.T) {
	var p networkPolicy
	spec(t, "NetworkPolicy/nidan", &p)
	if p.Pods.Labels["app.kubernetes.io/name"] != "nidan" || !slices.Contains(p.Types, "Ingress") || !slices.Contains(p.Types, "Egress") {
		t.Errorf("it is about %v of %v", p.Types, p.Pods)
	}
	if from := fromAt(t, p, 4456); len(from) != 1 || from[0]["podSelector"].Labels["app.kubernetes.io/name"] != "kratos" {
		t.Errorf("the hooks are reached from %v", from)
	}
	if from := fromAt(t, p, 4455); len(from) != 1 || from[0]["namespaceSelector"].Labels["kubernetes.io/metadata.name"] == "" {
		t.Errorf("the pages are reached from %v", from)
	}
	var kratos networkPolicy
	spec(t, "NetworkPolicy/kratos-by-way-of-nidan", &kratos)
	for _, port := range []int{4433, 4434} {
		if from := fromAt(t, kratos, port); len(from) != 1 || from[0]["podSelector"].Labels["app.kubernetes.io/name"] != "nidan" {
			t.Errorf("Kratos' port %d is reached from %v", port, from)
		}
	}
}

// fromAt returns who may reach a port. A rule without ports or without sources would be a rule for all, and is an error.
func fromAt(t *testing.T, p networkPolicy, port int) []map[string]selector {
	t.Helper()
	var all []map[string]selector
	for _, rule := range p.Ingress {
		if len(rule.Ports) == 0 || len(rule.From) == 0 {
			t.Errorf("a rule is for all ports, or for everybody: %+v", rule)
		}
		for _, at := range rule.Ports {
			if at.Port == port {
				all = append(all, rule.From...)
			}
		}
	}
	return all
}

func TestKubernetesServicesLeadToTheirListeners(t *testing.T) {
	for name, want := range map[string]string{"Service/nidan": "public", "Service/nidan-hooks": "hooks"} {
		var s struct {
			Type     string
			Selector map[string]string
			Ports    []struct {
				Target string `yaml:"targetPort"`
			}
		}
		spec(t, name, &s)
		if s.Type != "" || s.Selector["app.kubernetes.io/name"] != "nidan" || len(s.Ports) != 1 || s.Ports[0].Target != want {
			t.Errorf("%s leads to %+v, want %s", name, s, want)
		}
	}
}
