package config

import (
	"fmt"
	"net/url"
)

// InClear says that browsers on other machines reach Nidan without TLS; empty: they do not. It is no reason to refuse: somebody may try
// it in a network of their own.
func (c Config) InClear() string {
	u, err := url.Parse(c.Public.URL)
	if err != nil || u.Scheme != "http" || isLoopback(u.Hostname()) {
		return ""
	}
	return fmt.Sprintf("public.url is %s, over plain HTTP: everybody on the way can read passwords and codes, and take sessions", c.Public.URL)
}

// InClear says whether mails go to a server on another machine without TLS.
func (s SMTP) InClear() bool { return s.TLS == "none" && !isLoopback(s.Host) }

// NoPoliciesDir is what is said of a policies.dir that is not there.
func NoPoliciesDir(dir string) string {
	return fmt.Sprintf("policies.dir names %s, and there is no such folder", dir)
}
