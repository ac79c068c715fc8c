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

// Origins looks whether browsers come to Kratos by way of Nidan, under one origin and with one set of cookies, and whether anybody can go
// past Nidan.
func Origins(k *KratosConfig, cfg config.Config) Check {
	return func(context.Context) []Finding {
		public := k.Serve.Public
		return []Finding{
			baseURL(public.BaseURL, cfg.Public.URL),
			listens("kratos_public_port", "serve.public.host", public.Host,
				"clients can reach Kratos past the bounds of Nidan, and one request that is too long has the sign-ins of others fail",
				"Write serve.public.host: 127.0.0.1, or have a network or a firewall let nobody but Nidan reach that port."),
			listens("kratos_admin_port", "serve.admin.host", k.Serve.Admin.Host,
				"Kratos' admin API asks nobody who they are", "Write serve.admin.host: 127.0.0.1, or have a network or a firewall let nobody but Nidan reach that port."),
			k.cookieDomain(cfg.Public.URL), k.cookieName(cfg.Kratos.SessionCookie), k.pages(cfg.Public.URL), k.returns(cfg), k.allowlist(),
		}
	}
}

func baseURL(base, public string) Finding {
	const check = "kratos_base_url"
	if origin(base) == origin(public) {
		return ok(check, "Kratos' links lead to Nidan")
	}
	return problem(check, fmt.Sprintf("serve.public.base_url leads to %s, past Nidan at %s: its cookies and bounds are not met there",
		cmp.Or(origin(base), "Kratos itself"), public),
		"Write serve.public.base_url: "+strings.TrimSuffix(public, "/")+"/.")
}

// listens warns of a port on all addresses. Whether strangers reach it cannot be seen from here.
func listens(check, key, host, what, todo string) Finding {
	if ip := net.ParseIP(host); host == "localhost" || ip.IsLoopback() || strings.HasPrefix(host, "unix:") {
		return ok(check, key+" is this machine alone")
	}
	return warning(check, fmt.Sprintf("%s is %s: where others reach it, %s", key, cmp.Or(host, "not given, so all addresses"), what), todo)
}

func (k *KratosConfig) cookieDomain(public string) Finding {
	const check = "cookie_domain"
	host := hostOf(public)
	for _, c := range []struct{ key, domain string }{{"cookies.domain", k.Cookies.Domain}, {"session.cookie.domain", k.Session.Cookie.Domain}} {
		key, domain := c.key, strings.ToLower(strings.TrimPrefix(c.domain, "."))
		if domain != "" && host != domain && !strings.HasSuffix(host, "."+domain) {
			return problem(check, fmt.Sprintf("%s is %s, and browsers come to %s: they throw the cookies away", key, domain, host),
				"Leave "+key+" out, or write "+host+".")
		}
	}
	return ok(check, "browsers keep the cookies of "+host)
}

func (k *KratosConfig) cookieName(name string) Finding {
	const check = "cookie_name"
	if theirs := cmp.Or(k.Session.Cookie.Name, config.Default().Kratos.SessionCookie); theirs != name {
		return problem(check, fmt.Sprintf("Kratos calls its session cookie %s, and Nidan looks for %s: nobody is signed in at the console", theirs, name),
			"Write kratos.session_cookie: "+theirs+" in Nidan's configuration.")
	}
	return ok(check, "Nidan looks for the cookie that Kratos sets")
}

// pages looks whether Kratos sends browsers to Nidan's pages. A page of one's own may be meant.
func (k *KratosConfig) pages(public string) Finding {
	const check = "pages"
	flows := k.Selfservice.Flows
	for _, p := range []struct{ flow, url, path string }{
		{"login", flows.Login.UIURL, "/login"}, {"settings", flows.Settings.UIURL, "/second-factor"}, {"error", flows.Error.UIURL, "/error"},
	} {
		key := "selfservice.flows." + p.flow + ".ui_url"
		switch u, err := url.Parse(p.url); {
		case origin(p.url) != origin(public):
			return warning(check, fmt.Sprintf("%s leads to %q, another origin than %s: neither cookies nor remembered devices are met there", key, origin(p.url), public),
				"Write "+key+": "+strings.TrimSuffix(public, "/")+p.path+", or follow docs/your-own-login-page.md.")
		case err != nil || u.Path != p.path:
			return warning(check, fmt.Sprintf("%s is not Nidan's %s", key, p.path), "Write that, or follow docs/your-own-login-page.md.")
		}
	}
	return ok(check, "Kratos sends browsers to Nidan's pages")
}

// returns looks whether Kratos lets browsers come back to where Nidan sends them.
func (k *KratosConfig) returns(cfg config.Config) Finding {
	const check = "return_urls"
	for _, to := range append([]string{cfg.Public.URL}, cfg.Public.ReturnTo...) {
		allows := func(allowed string) bool { return allowsReturn(allowed, to) }
		if !slices.ContainsFunc(k.Selfservice.AllowedReturnURLs, allows) {
			return problem(check, fmt.Sprintf("Kratos lets no browser come back to %s after a sign-in", to),
				"Add "+strings.TrimSuffix(to, "/")+"/ to selfservice.allowed_return_urls.")
		}
	}
	return ok(check, "Kratos lets browsers come back to Nidan and to each of public.return_to")
}

// allowsReturn says whether an entry of allowed_return_urls covers an origin. Kratos takes one * for a part of the host.
func allowsReturn(allowed, to string) bool {
	a, err := url.Parse(allowed)
	t, err2 := url.Parse(to)
	if err != nil || err2 != nil || !strings.EqualFold(a.Scheme, t.Scheme) || strings.Trim(a.Path, "/") != "" {
		return false
	}
	matches, err := path.Match(a.Host, t.Host)
	return err == nil && matches
}

// allowlist looks whether Kratos hands on the headers that say where a client is.
func (k *KratosConfig) allowlist() Finding {
	const check = "header_allowlist"
	list := k.Clients.WebHook.HeaderAllowlist
	for _, name := range []string{"True-Client-Ip", "Priority"} {
		if len(list) > 0 && !slices.ContainsFunc(list, func(n string) bool { return strings.EqualFold(n, name) }) {
			return problem(check, "clients.web_hook.header_allowlist lacks "+name+": no policy can trust a client's address", "Add True-Client-Ip and Priority.")
		}
	}
	return ok(check, "Kratos hands on the headers that say where a client is")
}

// origin is what browsers take for one (RFC 6454 section 4): the usual port counts as none.
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
