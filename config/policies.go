package config

import (
	"fmt"
	"net/url"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Policies says what decides.
type Policies struct {
	// Folder of the Rego policies, which is watched. Empty: those of policies.bundle, or else the policies that ship, with the layer of
	// policies.data if there is one.
	Dir string `koanf:"dir"`
	// Layer over the policies that ship, which is watched: a file (JSON or YAML) or a folder that says some parameters otherwise, and, in
	// a folder, rules of your own in the packages that those ask for. What it does not name stays as it ships. Empty: none.
	Data string `koanf:"data"`
	// Bundle of OPA's that holds the policies, and is downloaded again and again.
	Bundle Bundle `koanf:"bundle"`
	// Folder of policies, or of a layer, that are decided beside the others for each sign-in, to be compared, and have no say. Empty: none.
	ShadowDir string `koanf:"shadow_dir"`
	// Bundle of such policies, in place of a folder.
	ShadowBundle Bundle `koanf:"shadow_bundle"`
	// What else a folder, a layer or a bundle has to hold before it decides.
	Require Require `koanf:"require"`
	// How long a decision may take before it is cut off, which refuses, 10ms to 2s.
	TimeLimit time.Duration `koanf:"time_limit"`
	// Where the days begin at midnight, for policies that count calendar days: a name of the IANA time zone database.
	TimeZone string `koanf:"time_zone"`
}

// Require is what the gate asks of policies besides what it asks of all. It is not asked of those that ship.
type Require struct {
	// How many tests there have to be at least.
	Tests int `koanf:"tests" jsonschema:"minimum=0,maximum=100000"`
	// How much of the rules their tests have to reach, in percent, 0 to 100.
	Coverage int `koanf:"coverage" jsonschema:"minimum=0,maximum=100"`
	// It has to be proven that something valid is decided on each input there can be, and that the invariants hold: the policies' own and
	// those of the set that decides now or, at a start, decided last. That takes some seconds, at each start, too.
	Invariants bool `koanf:"invariants"`
	// What becomes of a set that asks less of somebody, or lets somebody do more, than the one that decides now: allow, or approve for it
	// to wait until an administrator approves of it in the console. It waits, too, where that cannot be proven.
	Loosening string `koanf:"loosening" jsonschema:"enum=allow,enum=approve"`
}

// Bundle is a bundle of OPA's.
type Bundle struct {
	// Where it is to be had: an absolute URL of a gzipped tar archive, as the opa command builds it. Empty: there is none.
	// Over http:// to another machine it has to be signed.
	URL string `koanf:"url"`
	// Bearer token for its server (RFC 6750). Empty: none.
	Token string `koanf:"token" secret:"true"`
	// File with the public key (PEM) of whoever signs bundles. Empty: they need not be signed, and an older one cannot be told from a
	// newer one.
	PublicKey string `koanf:"public_key"`
	// Algorithm of the signature (RFC 7518 section 3.1).
	Algorithm string `koanf:"algorithm" jsonschema:"enum=RS256,enum=RS384,enum=RS512,enum=PS256,enum=PS384,enum=PS512,enum=ES256,enum=ES384,enum=ES512"`
	// Scope that the signature must have.
	Scope string `koanf:"scope"`
	// The least time between one look and the next, 1s to 24h.
	MinDelay time.Duration `koanf:"min_delay"`
	// The most time between one look and the next, also after failures, 1s to 24h.
	MaxDelay time.Duration `koanf:"max_delay"`
	// How long the server is asked to wait for something new before it answers, up to 10m. 0s: it is not asked to.
	LongPolling time.Duration `koanf:"long_polling"`
	// Folder in which the last bundle that was activated is kept for the next start, and when the newest was signed. Empty: after
	// a start, nobody is let in until the bundle has been downloaded, and that may be an older one.
	KeepDir string `koanf:"keep_dir"`
	// A signed bundle may decide although it is older than one that has decided, by the claim iat of its signature. To go back,
	// it is better to sign the older policies anew.
	AllowOlder bool `koanf:"allow_older"`
}

// Records says what is kept of sign-ins and changes.
type Records struct {
	// For how many days, 1 to 3650. 0: for ever.
	KeepDays int `koanf:"keep_days" jsonschema:"minimum=0,maximum=3650"`
	// Private key (Ed25519) that signs the checkpoints of the records, as nidan records key makes it: by them it is seen when somebody
	// has altered records. Empty: checkpoints are made and not signed. A new one needs a restart.
	CheckpointKey string `koanf:"checkpoint_key" secret:"true"`
}

// checkpointKeyProblem says nothing of the key itself.
func checkpointKeyProblem(key string) string {
	if key == "" {
		return ""
	}
	if _, err := note.NewSigner(key); err != nil {
		return "is no key; make one with `nidan records key`"
	}
	return ""
}

// DecisionLog says where each decision is sent to, in the form of OPA's decision log.
type DecisionLog struct {
	// Address to which /logs is added. Empty: nowhere.
	URL string `koanf:"url"`
	// Bearer token for its server (RFC 6750). Empty: none. Taken anew on SIGHUP.
	Token string `koanf:"token" secret:"true" rotates:"true"`
	// The least time between one upload and the next, 1s to 1h.
	MinDelay time.Duration `koanf:"min_delay"`
	// The most time between one upload and the next, also after failures, 1s to 1h.
	MaxDelay time.Duration `koanf:"max_delay"`
}

// Status says where it is told which policies decide, in the form of OPA's status API.
type Status struct {
	// Address to which /status is added. Empty: nowhere.
	URL string `koanf:"url"`
	// Bearer token for its server (RFC 6750). Empty: none. Taken anew on SIGHUP.
	Token string `koanf:"token" secret:"true" rotates:"true"`
	// How long after one update the next one is sent where nothing has changed, 1s to 1h. What changes is told at once.
	Interval time.Duration `koanf:"interval"`
}

func betweenProblem(d, least, most time.Duration) string {
	if d < least || d > most {
		return fmt.Sprintf("is %s; choose from %s to %s", d, short(least), short(most))
	}
	return ""
}

// short is a round duration as people write it: 1h and not 1h0m0s.
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

// delayProblem also refuses parts of a second, which OPA does not know.
func delayProblem(d, least, most time.Duration) string {
	if d%time.Second != 0 {
		return fmt.Sprintf("is %s; choose whole seconds", d)
	}
	return betweenProblem(d, least, most)
}

// remoteProblem is what is wrong with the address of something that decides, or to which secrets go.
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

// layerProblem: whoever has a whole set of policies changes that.
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

// bundleChecks checks the bundle of a key. The key of a folder may be given in its place, and not beside it.
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

// keptTwiceProblem: what one bundle keeps in a folder, the other would take for its own at the next start.
func keptTwiceProblem(p Policies) string {
	if p.ShadowBundle.URL != "" && p.ShadowBundle.KeepDir != "" && p.ShadowBundle.KeepDir == p.Bundle.KeepDir {
		return "is policies.bundle.keep_dir, too; name another folder"
	}
	return ""
}

// statusProblem: an update may name rules and files, and nobody who signs in.
func statusProblem(s Status) string {
	if problem := remoteProblem(s.URL, s.Token, true, ""); problem != "" || s.URL == "" {
		return problem
	}
	if u, err := url.Parse(s.URL); err == nil && u.RawQuery != "" {
		return "holds more than a scheme, a host and a path; leave out what follows ?"
	}
	return ""
}

// decisionLogProblem: what is sent says who signs in, from where.
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
