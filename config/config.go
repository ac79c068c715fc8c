package config

import (
	_ "embed" // for the example and the schema
	"time"
)

//go:generate go test -run ^TestTheSchemaIsMadeFromTheStruct$ . -update

// Example is a configuration file in which every key stands with its default and an explanation. Only the secrets and
// the hook's tokens are missing: there is no safe default for them.
//
//go:embed config.example.yml
var Example []byte

// Schema is the JSON Schema (2020-12) of the configuration file, for editors.
//
//go:embed config.schema.json
var Schema []byte

// Config is the whole configuration. The comments of this struct are the descriptions in the schema.
type Config struct {
	// Where state is kept: sqlite:PATH, for one process, or postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full, for
	// several. A file is made when it is not there, for its owner alone (mode 0600); a relative path starts in the working
	// directory.
	Database string `koanf:"database" secret:"true" jsonschema:"pattern=^(sqlite|postgres|postgresql):"`
	// Secrets that protect codes at rest, each of at least 32 bytes. The first is used for all that is new, the others
	// still open what was made with them: to rotate, put a new one first and drop the old one a day later. Taken anew on SIGHUP.
	Secrets []string `koanf:"secrets" secret:"true" rotates:"true"`
	// The listener that browsers and clients reach.
	Public Public `koanf:"public"`
	// The listener that Kratos calls. It must not face the internet.
	Hooks Hooks `koanf:"hooks"`
	// Where Kratos is.
	Kratos Kratos `koanf:"kratos"`
	// Where in an identity of Kratos the facts about an account stand: JSON Pointers (RFC 6901) that begin with
	// /traits/ or /metadata_public/.
	Identity Identity `koanf:"identity"`
	// What decides.
	Policies Policies `koanf:"policies"`
	// What is kept of sign-ins and changes.
	Records Records `koanf:"records"`
	// Where each decision is sent to, in the form of OPA's decision log.
	DecisionLog DecisionLog `koanf:"decision_log"`
	// Where it is told which policies decide, in the form of OPA's status API.
	Status Status `koanf:"status"`
	// The switches that a new database starts with. From then on the database holds them, and these are not looked at.
	Settings Settings `koanf:"settings"`
	// What people see of whose sign-in this is.
	Brand Brand `koanf:"brand"`
	// How a code reaches a person.
	Mail Mail `koanf:"mail"`
	// What is written to standard error.
	Log Log `koanf:"log"`
	// How it stops.
	Shutdown Shutdown `koanf:"shutdown"`
}

// Public is the listener that browsers and clients reach: the sign-in pages, and Kratos' public API passed through.
type Public struct {
	// Address to listen on, HOST:PORT. Without a host: every address of the machine.
	Listen string `koanf:"listen"`
	// How browsers reach this listener: scheme, host and port, with no path. Sign-in mail names its host.
	URL string `koanf:"url" jsonschema:"pattern=^https?://"`
	// The networks of the reverse proxies in front of this listener, each as ADDRESS/LENGTH (RFC 4632). What one of them
	// hands on comes from the address that the proxy puts, or adds, into X-Forwarded-For. Empty: no proxy is believed,
	// and a request comes from whoever connects.
	TrustedProxies []string `koanf:"trusted_proxies"`
	// The origins of the applications behind this listener, such as https://app.example.com: a browser that has to sign in again, or
	// with a second factor, is sent back to a page of these. Kratos has to allow it too (selfservice.allowed_return_urls). Pages of
	// this listener's own need not be named.
	ReturnTo []string `koanf:"return_to"`
	// The most that a request handed on to Kratos may hold.
	Limits Limits `koanf:"limits"`
}

// Limits are the most that a request handed on to Kratos may hold. What is longer would keep other people from signing in. Sizes
// are counted as Kratos writes them down: most characters are one byte each, quotes and backslashes four, and < > & seven.
type Limits struct {
	// Bytes of the body, 1024 to 16384.
	Body int `koanf:"body" jsonschema:"minimum=1024,maximum=16384"`
	// Bytes of all headers together, 2048 to 16384.
	Headers int `koanf:"headers" jsonschema:"minimum=2048,maximum=16384"`
	// Bytes of one header, 1024 to 8192.
	Header int `koanf:"header" jsonschema:"minimum=1024,maximum=8192"`
	// Bytes of the address, path and query, 512 to 4096.
	Address int `koanf:"address" jsonschema:"minimum=512,maximum=4096"`
	// Levels of objects and arrays within each other in a JSON body, 4 to 256.
	Depth int `koanf:"depth" jsonschema:"minimum=4,maximum=256"`
}

// Hooks is the listener that Kratos calls. It also answers /healthz, /readyz and /metrics.
type Hooks struct {
	// Address to listen on, HOST:PORT. Without a host: every address of the machine.
	Listen string `koanf:"listen"`
	// The bearer tokens that Kratos may present (RFC 6750), one or two, each of at least 32 characters. Two, so that
	// one can be rotated: add the new one here, change it in Kratos, then drop the old one. Taken anew on SIGHUP.
	Tokens []string `koanf:"tokens" secret:"true" rotates:"true" jsonschema:"maxItems=2,uniqueItems=true"`
}

// Kratos is where Kratos is.
type Kratos struct {
	// Kratos' public API, as this program reaches it.
	PublicURL string `koanf:"public_url" jsonschema:"pattern=^https?://"`
	// Kratos' admin API, as this program reaches it.
	AdminURL string `koanf:"admin_url" jsonschema:"pattern=^https?://"`
	// Name of the cookie that holds a browser's session: session.cookie.name in Kratos' configuration.
	SessionCookie string `koanf:"session_cookie" jsonschema:"pattern=^[A-Za-z0-9_.-]+$"`
}

// Identity says where in an identity of Kratos the facts about an account stand (JSON Pointers, RFC 6901).
type Identity struct {
	// The name that the account signs in with.
	Account string `koanf:"account" jsonschema:"pattern=^/(traits|metadata_public)/"`
	// The name to show.
	Name string `koanf:"name" jsonschema:"pattern=^/(traits|metadata_public)/"`
	// The address that codes are sent to.
	Email string `koanf:"email" jsonschema:"pattern=^/(traits|metadata_public)/"`
	// The role: owner, system_administrator, supervisor or user. It must stand below /metadata_public/, because traits
	// are the account holder's to change.
	Role string `koanf:"role" jsonschema:"pattern=^/metadata_public/"`
	// Whether the account asks for a second step. It must stand below /metadata_public/, because account holders could
	// switch it off among their traits.
	TwoFactor string `koanf:"two_factor" jsonschema:"pattern=^/metadata_public/"`
	// The language of messages and mail, ja or en. Identities need not have it.
	Locale string `koanf:"locale" jsonschema:"pattern=^/(traits|metadata_public)/"`
	// Whether the account is locked. Identities need not have it. It must stand below /metadata_public/, like the two
	// that follow: whom they keep out, or let in, must not be able to change them.
	Locked string `koanf:"locked" jsonschema:"pattern=^/metadata_public/"`
	// Whether the account's password has expired. Identities need not have it.
	PasswordExpired string `koanf:"password_expired" jsonschema:"pattern=^/metadata_public/"`
	// What the account's holder has subscribed to. Identities need not have it.
	Plan string `koanf:"plan" jsonschema:"pattern=^/metadata_public/"`
}

// Settings are the switches that a new database starts with.
type Settings struct {
	// Two-step verification is in use at all.
	TwoFactor bool `koanf:"two_factor"`
	// A code is asked when signing in to the web console.
	AdminConsole bool `koanf:"admin_console"`
	// A code is asked when signing in to the softphone. Other channels that the policies list are switched on.
	Softphone bool `koanf:"softphone"`
	// A device may be remembered and is then not asked.
	Remember bool `koanf:"remember"`
	// For how many days a device is remembered, 1 to 365.
	RememberDays int `koanf:"remember_days" jsonschema:"minimum=1,maximum=365"`
}

// Mail is how a code reaches a person.
type Mail struct {
	// Sender of the mail, an address with or without a display name (RFC 5322 section 3.4).
	From string `koanf:"from"`
	// The older place of brand.name, which still counts. Empty: brand.name.
	Brand string `koanf:"brand"`
	// The mail server.
	SMTP SMTP `koanf:"smtp"`
}

// SMTP is the mail server.
type SMTP struct {
	// Name or address of the server.
	Host string `koanf:"host"`
	// Port of the server: 587 for starttls, 465 for implicit.
	Port int `koanf:"port" jsonschema:"minimum=1,maximum=65535"`
	// How the connection is protected. starttls: nothing is sent unless the server offers it. implicit: TLS from the
	// first byte (RFC 8314). none: everyone on the way can read the code.
	TLS string `koanf:"tls" jsonschema:"enum=starttls,enum=implicit,enum=none"`
	// User to authenticate as. Empty: without authentication. Taken anew on SIGHUP.
	Username string `koanf:"username" rotates:"true"`
	// Password of that user. Taken anew on SIGHUP.
	Password string `koanf:"password" secret:"true" rotates:"true"`
	// How long one attempt to hand a mail over may take, 1s to 60s.
	Timeout time.Duration `koanf:"timeout"`
	// How many mails may be handed over at once, 1 to 500: a server that takes a second for each, and 100 connections, are 100
	// mails a second.
	Connections int `koanf:"connections" jsonschema:"minimum=1,maximum=500"`
	// File with certificates (PEM) that are trusted besides those of the system: the authority that signed the server's, or the
	// server's own. Empty: none.
	CAFile string `koanf:"ca_file"`
	// The name that Nidan says to the server in EHLO: this machine's full name, or its address in brackets (RFC 5321 section
	// 4.1.3). Many servers refuse a name without a dot. Empty: the name that the machine gives itself.
	Helo string `koanf:"helo"`
}

// Log is what is written to standard error.
type Log struct {
	// The least important kind of line that is written.
	Level string `koanf:"level" jsonschema:"enum=debug,enum=info,enum=warn,enum=error"`
	// How lines are written: text for people, json for machines.
	Format string `koanf:"format" jsonschema:"enum=text,enum=json"`
}

// Default is the configuration of an operator who says nothing. It is not valid: secrets and tokens have to be given.
func Default() Config {
	return Config{
		Database: "sqlite:nidan.db",
		Secrets:  []string{},
		Public: Public{
			Listen: "127.0.0.1:4455", URL: "http://127.0.0.1:4455", TrustedProxies: []string{}, ReturnTo: []string{},
			Limits: Limits{Body: 8192, Headers: 16384, Header: 4096, Address: 4096, Depth: 32},
		},
		Hooks:  Hooks{Listen: "127.0.0.1:4456", Tokens: []string{}},
		Kratos: Kratos{PublicURL: "http://127.0.0.1:4433", AdminURL: "http://127.0.0.1:4434", SessionCookie: "ory_kratos_session"},
		Identity: Identity{
			Account:   "/traits/account",
			Name:      "/traits/name",
			Email:     "/traits/email",
			Role:      "/metadata_public/role",
			TwoFactor: "/metadata_public/two_factor/enabled",
			Locale:    "/traits/locale",

			Locked: "/metadata_public/locked", PasswordExpired: "/metadata_public/password_expired", Plan: "/metadata_public/plan",
		},
		Policies: Policies{
			TimeZone: "Asia/Tokyo", TimeLimit: 500 * time.Millisecond, Require: Require{Loosening: "allow"},
			Bundle:       Bundle{Algorithm: "RS256", MinDelay: time.Minute, MaxDelay: 2 * time.Minute},
			ShadowBundle: Bundle{Algorithm: "RS256", MinDelay: time.Minute, MaxDelay: 2 * time.Minute},
		},
		Records:     Records{KeepDays: 400},
		DecisionLog: DecisionLog{MinDelay: 5 * time.Second, MaxDelay: 30 * time.Second},
		Status:      Status{Interval: time.Minute},
		Settings:    Settings{TwoFactor: true, AdminConsole: true, Softphone: true, Remember: true, RememberDays: 30},
		Brand:       Brand{Name: "Nidan"},
		Mail: Mail{
			From: "Nidan <nidan@localhost>",
			SMTP: SMTP{Host: "127.0.0.1", Port: 587, TLS: "starttls", Timeout: 10 * time.Second, Connections: 100},
		},
		Log:      Log{Level: "info", Format: "text"},
		Shutdown: Shutdown{Linger: 2 * time.Second},
	}
}
