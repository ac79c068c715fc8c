package config

import (
	"fmt"
	"net/url"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Policies says which policies decide.
type Policies struct {
	// The folder with the Rego policies. Nidan watches the folder. Empty: the policies come from policies.bundle; without a bundle, the
	// policies that ship decide, with the layer of policies.data if there is one.
	Dir string `koanf:"dir"`
	// A layer over the policies that ship: a file (JSON or YAML) with other values for some parameters, or a folder that can also
	// contain your own rules, in the packages that the policies provide for this. Nidan watches it. Parameters that the layer does not
	// name keep the values that ship. Empty: no layer.
	Data string `koanf:"data"`
	// An OPA bundle with the policies. Nidan downloads it regularly.
	Bundle Bundle `koanf:"bundle"`
	// A folder with shadow policies, or with a layer. Nidan also asks these policies about each sign-in and compares the answers, but
	// they do not decide. Empty: no shadow.
	ShadowDir string `koanf:"shadow_dir"`
	// A bundle with shadow policies, in place of policies.shadow_dir.
	ShadowBundle Bundle `koanf:"shadow_bundle"`
	// Further conditions that a folder, a layer or a bundle has to meet before it decides.
	Require Require `koanf:"require"`
	// The timeout of one decision, 10ms to 2s. After a timeout, Nidan refuses the sign-in.
	TimeLimit time.Duration `koanf:"time_limit"`
	// The time zone of policies that count calendar days: a name of the IANA time zone database.
	TimeZone string `koanf:"time_zone"`
}

// Require has further conditions of the gate. They do not apply to the policies that ship.
type Require struct {
	// The smallest number of tests that the set must have.
	Tests int `koanf:"tests" jsonschema:"minimum=0,maximum=100000"`
	// The part of the rules that the tests must reach, in percent, 0 to 100.
	Coverage int `koanf:"coverage" jsonschema:"minimum=0,maximum=100"`
	// Nidan must prove that the set gives a valid decision for each possible input, and that the invariants hold: those of the set, and
	// those of the set that decides now (at a start: that decided last). The proof takes some seconds, also at each start.
	Invariants bool `koanf:"invariants"`
	// What happens to a set that asks less of somebody, or lets somebody do more, than the set that decides now. allow: the new set
	// decides. approve: the new set waits until an administrator approves it in the console. It also waits if Nidan cannot prove that
	// it loosens nothing.
	Loosening string `koanf:"loosening" jsonschema:"enum=allow,enum=approve"`
}

// Bundle is an OPA bundle.
type Bundle struct {
	// The absolute URL of the bundle: a gzipped tar archive, as the opa command builds it. If the URL is http:// to another machine, the
	// bundle has to be signed. Empty: no bundle.
	URL string `koanf:"url"`
	// The bearer token for the bundle server (RFC 6750). Empty: none.
	Token string `koanf:"token" secret:"true"`
	// A file with the public key (PEM) that verifies the signature of the bundle. Empty: bundles need not be signed, and Nidan cannot
	// tell an older bundle from a newer one.
	PublicKey string `koanf:"public_key"`
	// The algorithm of the signature (RFC 7518 section 3.1).
	Algorithm string `koanf:"algorithm" jsonschema:"enum=RS256,enum=RS384,enum=RS512,enum=PS256,enum=PS384,enum=PS512,enum=ES256,enum=ES384,enum=ES512"`
	// The scope that the signature must have.
	Scope string `koanf:"scope"`
	// The shortest time between two downloads, 1s to 24h.
	MinDelay time.Duration `koanf:"min_delay"`
	// The longest time between two downloads, also after failures, min_delay to 24h.
	MaxDelay time.Duration `koanf:"max_delay"`
	// The time for which Nidan asks the server to wait for a new bundle before it answers, up to 10m. 0s: no long polling.
	LongPolling time.Duration `koanf:"long_polling"`
	// A folder in which Nidan keeps, for the next start, the bundle that decided last and the time when the newest bundle was signed.
	// Empty: after a start, Nidan refuses all sign-ins until it has downloaded the bundle, and it cannot notice that this bundle is an
	// older one.
	KeepDir string `koanf:"keep_dir"`
	// A signed bundle may decide even if it is older than a bundle that has decided (claim iat of the signature). To go back to older
	// policies, it is better to sign them again.
	AllowOlder bool `koanf:"allow_older"`
}

// Records says how Nidan keeps the records of sign-ins and changes.
type Records struct {
	// The number of days for which Nidan keeps records, 1 to 3650. 0: forever.
	KeepDays int `koanf:"keep_days" jsonschema:"minimum=0,maximum=3650"`
	// The private key (Ed25519) that signs the checkpoints of the records; nidan records key makes one. Checkpoints show when somebody
	// has altered records. Empty: Nidan makes checkpoints without signatures. A new key needs a restart.
	CheckpointKey string `koanf:"checkpoint_key" secret:"true"`
}

// checkpointKeyProblem checks the key. Its text never contains the key.
func checkpointKeyProblem(key string) string {
	if key == "" {
		return ""
	}
	if _, err := note.NewSigner(key); err != nil {
		return "is no key; make one with `nidan records key`"
	}
	return ""
}

// DecisionLog says where Nidan sends each decision, in the format of OPA's decision log.
type DecisionLog struct {
	// The URL of the server. Nidan adds /logs to it. Empty: Nidan sends no decisions.
	URL string `koanf:"url"`
	// The bearer token for the server (RFC 6750). Empty: none. Nidan reads it again on SIGHUP.
	Token string `koanf:"token" secret:"true" rotates:"true"`
	// The shortest time between two uploads, 1s to 1h.
	MinDelay time.Duration `koanf:"min_delay"`
	// The longest time between two uploads, also after failures, min_delay to 1h.
	MaxDelay time.Duration `koanf:"max_delay"`
}

// Status says where Nidan reports which policies decide, in the format of OPA's status API.
type Status struct {
	// The URL of the server. Nidan adds /status to it. Empty: Nidan sends no status.
	URL string `koanf:"url"`
	// The bearer token for the server (RFC 6750). Empty: none. Nidan reads it again on SIGHUP.
	Token string `koanf:"token" secret:"true" rotates:"true"`
	// The time between two updates if nothing changes, 1s to 1h. Nidan reports a change at once.
	Interval time.Duration `koanf:"interval"`
}

func betweenProblem(d, least, most time.Duration) string {
	if d < least || d > most {
		return fmt.Sprintf("is %s; choose from %s to %s", d, short(least), short(most))
	}
	return ""
}

// short writes a round duration as people do: 1h, not 1h0m0s.
func short(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d > time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d >= time.Second && d%time.Second == 0:
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return d.String()
}

// delayProblem also refuses parts of a second: OPA's configuration has whole seconds.
func delayProblem(d, least, most time.Duration) string {
	if d%time.Second != 0 {
		return fmt.Sprintf("is %s; choose whole seconds", d)
	}
	return betweenProblem(d, least, most)
}

// remoteProblem checks the URL of a server from which policies come, or to which Nidan sends a token.
func remoteProblem(address, token string, signed bool, keyOf string) string {
	u, err := url.Parse(address)
	switch {
	case address == "":
		return ""
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "is no absolute URL; write it with http:// or https:// and a host"
	case u.User != nil:
		return "holds a user or password; leave them out, and use the token"
	case u.Fragment != "":
		return "holds more than an address; leave out what follows #"
	case u.Scheme == "https" || isLoopback(u.Hostname()):
		return ""
	case token != "":
		return "would send the token in the clear; use https://"
	case !signed:
		return "could be answered by anybody on the way; use https://, or have bundles signed and give " + keyOf
	}
	return ""
}

// layerProblem refuses a layer beside a folder or a bundle: an operator with a whole set of policies changes this set.
func layerProblem(p Policies) string {
	switch {
	case p.Data == "":
		return ""
	case p.Dir != "":
		return "is given, and policies.dir too; a layer lies over the policies that ship, so put what it says into that folder, or leave one out"
	case p.Bundle.URL != "":
		return "is given, and policies.bundle.url too; a layer lies over the policies that ship, so put what it says into that bundle, or leave one out"
	}
	return ""
}

// bundleChecks checks the bundle at a key. The operator may give the bundle or the folder at dirKey, not both.
func bundleChecks(key string, b Bundle, dirKey, dir string) []checked {
	problem := remoteProblem(b.URL, b.Token, b.PublicKey != "", key+".public_key")
	if b.URL != "" && dir != "" {
		problem = "is given, and " + dirKey + " too; give one of them"
	}
	return []checked{
		{key + ".url", problem},
		{key + ".algorithm", oneOfProblem(b.Algorithm, "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")},
		{key + ".min_delay", delayProblem(b.MinDelay, time.Second, 24*time.Hour)},
		{key + ".max_delay", delayProblem(b.MaxDelay, b.MinDelay, 24*time.Hour)},
		{key + ".long_polling", delayProblem(b.LongPolling, 0, 10*time.Minute)},
	}
}

// keptTwiceProblem refuses one keep_dir for both bundles: at the next start, each would read the other's bundle as its own.
func keptTwiceProblem(p Policies) string {
	if p.ShadowBundle.URL != "" && p.ShadowBundle.KeepDir != "" && p.ShadowBundle.KeepDir == p.Bundle.KeepDir {
		return "is policies.bundle.keep_dir, too; name another folder"
	}
	return ""
}

// statusProblem allows plain HTTP if there is no token: a status update may name rules and files, but no account.
func statusProblem(s Status) string {
	if problem := remoteProblem(s.URL, s.Token, true, ""); problem != "" || s.URL == "" {
		return problem
	}
	if u, err := url.Parse(s.URL); err == nil && u.RawQuery != "" {
		return "holds more than a scheme, a host and a path; leave out what follows ?"
	}
	return ""
}

// decisionLogProblem also refuses plain HTTP to another machine: decisions say who signs in, and from where.
func decisionLogProblem(l DecisionLog) string {
	u, err := url.Parse(l.URL)
	if problem := remoteProblem(l.URL, l.Token, true, ""); problem != "" || l.URL == "" {
		return problem
	}
	if err == nil && u.Scheme != "https" && !isLoopback(u.Hostname()) {
		return "would send who signs in, and from where, in the clear; use https://"
	}
	if err == nil && u.RawQuery != "" {
		return "holds more than a scheme, a host and a path; leave out what follows ?"
	}
	return ""
}
