package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// The functions of this file return what is wrong with a value, or "". They do not repeat a value that may contain a password.

func databaseProblem(database string) string {
	const example = "; write sqlite:PATH, such as sqlite:/var/lib/nidan/nidan.db, or postgres://…"
	scheme, path, ok := strings.Cut(database, ":")
	switch {
	case !ok:
		return "has no scheme" + example
	case scheme == "postgres" || scheme == "postgresql":
		return postgresProblem(database)
	case scheme != "sqlite":
		return "its scheme is not known" + example
	case path == "":
		return "has no path" + example
	case strings.HasPrefix(path, "//"):
		return "a path has no host before it" + example
	case strings.HasPrefix(path, ":memory:"):
		return "every connection would have a database of its own" + example
	case strings.Contains(path, "?"):
		return "takes no options" + example
	}
	return ""
}

func postgresProblem(database string) string {
	const example = "; write postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full"
	u, err := url.Parse(database)
	switch {
	case err != nil:
		return "is no URL" + example + ", with characters of the password that mean something there escaped"
	case u.Host == "" && u.Query().Get("host") == "":
		return "names no host" + example
	case strings.Trim(u.Path, "/") == "":
		return "names no database" + example
	case u.Query().Get("sslmode") == "" && !isLoopback(u.Hostname()):
		// The driver's default, sslmode=prefer, connects without TLS if the server does not offer TLS. An attacker on the network can
		// pretend this.
		return "does not say how the connection is protected; add sslmode=verify-full, or sslmode=disable in a network of your own"
	}
	return ""
}

func listenProblem(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "is no address to listen on; write HOST:PORT, such as 127.0.0.1:4455"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "has no port from 1 to 65535; write HOST:PORT, such as 127.0.0.1:4455"
	}
	return ""
}

func urlProblem(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "is no absolute URL; write it with http:// or https:// and a host"
	case u.User != nil:
		return "holds a user or password; leave them out, they would be shown in logs and error messages"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "holds more than a scheme, a host and a path; leave out what follows ? or #"
	}
	return ""
}

// publicURLProblem refuses a path, because the pages and Kratos' API have fixed paths below the root. It refuses capital letters in the
// scheme and the host: the origins of requests and the scheme are compared byte by byte, and browsers send them in small letters.
func publicURLProblem(address string) string {
	if problem := urlProblem(address); problem != "" {
		return problem
	}
	if u, err := url.Parse(address); err != nil || strings.Trim(u.Path, "/") != "" {
		return "has a path; write the scheme, the host and the port alone"
	}
	if strings.ToLower(address) != address {
		return "has capital letters; browsers write a scheme and a host in small letters"
	}
	return ""
}

// originsProblem refuses an origin that is not written as browsers write it: Nidan compares origins byte by byte.
func originsProblem(origins []string) string {
	for i, o := range origins {
		u, err := url.Parse(o)
		if urlProblem(o) != "" || err != nil || u.Scheme+"://"+strings.ToLower(u.Host) != o {
			return fmt.Sprintf("number %d is no origin; write scheme, host and port alone, in small letters, such as https://app.example.com", i+1)
		}
	}
	return ""
}

// networksProblem refuses a network that can be read in two ways. Nidan believes what these networks say about the address of a client.
// If a network is larger than the operator meant, strangers in it can choose their address.
func networksProblem(networks []string) string {
	for i, n := range networks {
		switch p, err := netip.ParsePrefix(n); {
		case err != nil || p.Addr().Is4In6(): // ::ffff:0:0/96 is every IPv4 address
			return fmt.Sprintf("number %d is no network; write ADDRESS/LENGTH, such as 10.0.0.5/32", i+1)
		case p.Bits() == 0:
			return fmt.Sprintf("number %d is every address there is; write the proxies' own", i+1)
		case p != p.Masked():
			return fmt.Sprintf("number %d is an address within a network; write %v for the network, or %v for the address", i+1,
				p.Masked(), netip.PrefixFrom(p.Addr(), p.Addr().BitLen()))
		}
	}
	return ""
}

// cookieProblem accepts fewer characters than RFC 6265 section 4.1.1: only those that all programs read in the same way.
func cookieProblem(name string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	if name == "" || strings.Trim(name, letters) != "" {
		return "is no name of a cookie; write the one that Kratos has as session.cookie.name, in letters, digits, -, _ and ."
	}
	return ""
}

// pointerProblem checks a JSON Pointer (RFC 6901 section 3) to a value of an identity.
func pointerProblem(pointer string) string {
	if !isBelow(pointer, "/traits/") && !isBelow(pointer, "/metadata_public/") {
		return "points nowhere; write a JSON Pointer that begins with /traits/ or /metadata_public/"
	}
	return escapeProblem(pointer)
}

// trustedPointerProblem also refuses a pointer into the traits, because account holders can edit their traits in Kratos' settings flow.
func trustedPointerProblem(pointer string) string {
	if isBelow(pointer, "/traits/") {
		return "account holders can change traits, and so switch off their own second step; move it below /metadata_public/"
	}
	if !isBelow(pointer, "/metadata_public/") {
		return "points nowhere; write a JSON Pointer that begins with /metadata_public/"
	}
	return escapeProblem(pointer)
}

func isBelow(pointer, parent string) bool {
	return len(pointer) > len(parent) && strings.HasPrefix(pointer, parent)
}

func escapeProblem(pointer string) string {
	if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(pointer), "~") {
		return "has a ~ that is not part of ~0 or ~1; write ~0 for ~ and ~1 for /"
	}
	return ""
}

func fromProblem(from string) string {
	if _, err := mail.ParseAddress(from); err != nil {
		return "is no sender; write an address such as Nidan <nidan@example.com>"
	}
	return ""
}

// brandProblem refuses line breaks: the brand is part of a mail's subject, and the text after a line break would be another header.
func brandProblem(brand string) string {
	switch {
	case strings.TrimSpace(brand) == "":
		return "is empty; write the name that people know"
	case strings.ContainsFunc(brand, unicode.IsControl):
		return "has a line break or another control character; write it on one line"
	}
	return ""
}

func hostProblem(host string) string {
	switch {
	case host == "":
		return "is empty; write the name or address of the mail server"
	case strings.ContainsAny(host, "/@[] \t\r\n") || strings.Contains(host, ":") && net.ParseIP(host) == nil:
		return "is no host name; write the name or address alone, the port goes into mail.smtp.port"
	}
	return ""
}

// heloName matches a host name, or an address in brackets, as in RFC 5321 §4.1.2. It allows no line break: the rest would be another
// command to the server.
var heloName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Za-z.:]+\])$`)

func heloProblem(name string) string {
	if name != "" && (!heloName.MatchString(name) || len(name) > 255) {
		return "is no name to say to a mail server; write the full name of this machine, such as nidan.example.com, or its address in brackets"
	}
	return ""
}

// caFileProblem refuses certificates without TLS: Nidan would never use them, and the operator would believe in a protection that is
// not there.
func caFileProblem(s SMTP) string {
	if s.CAFile != "" && s.TLS == "none" {
		return "is given, and mail.smtp.tls is none: no certificate would be looked at; set mail.smtp.tls to starttls or implicit"
	}
	return ""
}
