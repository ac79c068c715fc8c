package config

import (
	"fmt"
	"net/url"
)

// InClear returns a warning if browsers on other machines reach Nidan without TLS, else "". Nidan starts all the same, so that somebody
// can try it in a private network.
func (c Config) InClear() string {
	u, err := url.Parse(c.Public.URL)
	if err != nil || u.Scheme != "http" || isLoopback(u.Hostname()) {
		return ""
	}
	return fmt.Sprintf("public.url is %s, over plain HTTP: everybody on the way can read passwords and codes, and take sessions", c.Public.URL)
}

// InClear reports whether Nidan sends mails to a server on another machine without TLS.
func (s SMTP) InClear() bool { return s.TLS == "none" && !isLoopback(s.Host) }

// NoPoliciesDir returns the text about a policies.dir that does not exist.
func NoPoliciesDir(dir string) string {
	return fmt.Sprintf("policies.dir names %s, and there is no such folder", dir)
}
