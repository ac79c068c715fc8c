package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"nidan/config"
)

// Origins checks whether browsers reach Kratos through Nidan, with one origin and one set of cookies, and whether clients can reach Kratos
// directly.
func Origins(k *KratosConfig, cfg config.Config) Check {
	return func(context.Context) []Finding {
		public := k.Serve.Public
		return []Finding{
			baseURL(public.BaseURL, cfg.Public.URL),
			listens("kratos_public_port", "serve.public.host", public.Host,
				"they bypass Nidan's limits, and one request that is too long makes the sign-ins of other people fail",
				"Write serve.public.host: 127.0.0.1, or let only Nidan reach this port (with a network or a firewall)."),
			listens("kratos_admin_port", "serve.admin.host", k.Serve.Admin.Host, "they can change every account, because Kratos' admin API has no authentication",
				"Write serve.admin.host: 127.0.0.1, or let only Nidan and Kratos' administrators reach this port (with a network or a firewall)."),
			k.cookieDomain(cfg.Public.URL), k.cookieName(cfg.Kratos.SessionCookie), k.pages(cfg.Public.URL), k.returns(cfg), k.allowlist(),
		}
	}
}

func baseURL(base, public string) Finding {
	const check = "kratos_base_url"
	if origin(base) == origin(public) {
		return ok(check, "Kratos' links lead to Nidan")
	}
	return problem(check, fmt.Sprintf("serve.public.base_url leads to %s, and not to Nidan at %s: browsers bypass Nidan's cookies and limits",
		cmp.Or(origin(base), "Kratos itself"), public),
		"Write serve.public.base_url: "+strings.TrimSuffix(public, "/")+"/.")
}

// listens warns about a port on an address other than loopback. It cannot see whether a firewall keeps strangers from the port. What says
// what strangers can do at the port.
func listens(check, key, host, what, todo string) Finding {
	if ip := net.ParseIP(host); host == "localhost" || ip.IsLoopback() || strings.HasPrefix(host, "unix:") {
		return ok(check, "only this machine can reach "+key)
	}
	return warning(check, fmt.Sprintf("%s is %s: if strangers can reach this port, %s", key, cmp.Or(host, "not given, so Kratos listens on all addresses"), what), todo)
}

func (k *KratosConfig) cookieDomain(public string) Finding {
	const check = "cookie_domain"
	host := hostOf(public)
	for _, c := range []struct{ key, domain string }{{"cookies.domain", k.Cookies.Domain}, {"session.cookie.domain", k.Session.Cookie.Domain}} {
		key, domain := c.key, strings.ToLower(strings.TrimPrefix(c.domain, "."))
		if domain != "" && host != domain && !strings.HasSuffix(host, "."+domain) {
			return problem(check, fmt.Sprintf("%s is %s, but browsers come to %s: they reject the cookies, and nobody can sign in", key, domain, host),
				"Leave "+key+" out, or write "+host+".")
		}
	}
	return ok(check, "browsers accept the cookies of "+host)
}

func (k *KratosConfig) cookieName(name string) Finding {
	const check = "cookie_name"
	if theirs := cmp.Or(k.Session.Cookie.Name, config.Default().Kratos.SessionCookie); theirs != name {
		return problem(check, fmt.Sprintf("Kratos' session cookie is %s, but Nidan reads %s: nobody is signed in at the console", theirs, name),
			"Write kratos.session_cookie: "+theirs+" in Nidan's configuration.")
	}
	return ok(check, "Nidan reads the session cookie that Kratos sets")
}

// pages checks whether Kratos sends browsers to Nidan's pages. The operator may have pages of their own, so the finding is a warning.
func (k *KratosConfig) pages(public string) Finding {
	const check = "pages"
	flows := k.Selfservice.Flows
	for _, p := range []struct{ flow, url, path string }{
		{"login", flows.Login.UIURL, "/login"}, {"settings", flows.Settings.UIURL, "/second-factor"}, {"error", flows.Error.UIURL, "/error"},
	} {
		key := "selfservice.flows." + p.flow + ".ui_url"
		switch u, err := url.Parse(p.url); {
		case origin(p.url) != origin(public):
			return warning(check, fmt.Sprintf("%s leads to %q, and not to the origin %s: browsers send neither cookies nor remembered devices there", key, origin(p.url), public),
				"Write "+key+": "+strings.TrimSuffix(public, "/")+p.path+", or follow docs/your-own-login-page.md.")
		case err != nil || u.Path != p.path:
			return warning(check, fmt.Sprintf("%s does not lead to Nidan's page %s: your own page must do what that page does", key, p.path),
				"Write "+key+": "+strings.TrimSuffix(public, "/")+p.path+", or follow docs/your-own-login-page.md.")
		}
	}
	return ok(check, "Kratos sends browsers to Nidan's pages")
}

// returns checks whether Kratos allows the addresses to which Nidan sends browsers back.
func (k *KratosConfig) returns(cfg config.Config) Finding {
	const check = "return_urls"
	for _, to := range append([]string{cfg.Public.URL}, cfg.Public.ReturnTo...) {
		allows := func(allowed string) bool { return allowsReturn(allowed, to) }
		if !slices.ContainsFunc(k.Selfservice.AllowedReturnURLs, allows) {
			return problem(check, fmt.Sprintf("Kratos does not allow %s as an address to return to: after a sign-in, browsers cannot go back there", to),
				"Add "+strings.TrimSuffix(to, "/")+"/ to selfservice.allowed_return_urls.")
		}
	}
	return ok(check, "Kratos lets browsers return to Nidan and to each origin of public.return_to")
}

// allowsReturn reports whether an entry of allowed_return_urls covers an origin. In an entry, Kratos accepts * for a part of the host.
func allowsReturn(allowed, to string) bool {
	a, err := url.Parse(allowed)
	t, err2 := url.Parse(to)
	if err != nil || err2 != nil || !strings.EqualFold(a.Scheme, t.Scheme) || strings.Trim(a.Path, "/") != "" {
		return false
	}
	matches, err := path.Match(a.Host, t.Host)
	return err == nil && matches
}

// allowlist checks whether Kratos gives the hook the headers with the client's address.
func (k *KratosConfig) allowlist() Finding {
	const check = "header_allowlist"
	list := k.Clients.WebHook.HeaderAllowlist
	for _, name := range []string{"True-Client-Ip", "Priority"} {
		if len(list) > 0 && !slices.ContainsFunc(list, func(n string) bool { return strings.EqualFold(n, name) }) {
			return problem(check, "clients.web_hook.header_allowlist lacks "+name+": no policy can trust a client's address",
				"Add True-Client-Ip and Priority to the list.")
		}
	}
	return ok(check, "Kratos gives Nidan the headers with the client's address")
}

// origin returns the origin of an address as browsers compare it (RFC 6454 section 4): without the default port.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	host := u.Host
	if usual := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; usual != "" {
		host = strings.TrimSuffix(host, usual)
	}
	return strings.ToLower(u.Scheme + "://" + host)
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
