package e2e

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// variables passes the keys of a part of kratos.yml to set, as the environment variables that Kratos reads.
func variables(prefix string, v any, set func(name, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			variables(prefix+"_"+strings.ToUpper(key), below, set)
		}
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, fmt.Sprint(one))
		}
		set(prefix[1:], strings.Join(all, ","))
	default:
		set(prefix[1:], fmt.Sprint(v))
	}
}

// The shipped page needs only what docs/your-own-login-page.md says about kratos.yml.
func TestTheDocumentedWayToTheShippedPage(t *testing.T) {
	doc, err := os.ReadFile("../docs/your-own-login-page.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)## The page that ships.*?\n```yaml\n(.*?)```\n").FindSubmatch(doc)
	if found == nil {
		t.Fatal("the document shows no configuration")
	}
	app := httptest.NewServer(barePage("", "<!doctype html><title>Welcome</title>", nil))
	defer app.Close()
	text := strings.NewReplacer("https://login.example.com", origin, "https://app.example.com", app.URL).Replace(string(found[1]))
	var config map[string]any
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	variables("", config, t.Setenv)
	startKratos(t)
	n := forBrowsers(t)
	w := newBrowser(t)
	w.signIn(account(t, nil))
	w.asked()
	w.keys(n.code(1))
	w.until(fmt.Sprintf("location.href === %q", app.URL+"/welcome"))
}
