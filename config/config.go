package config

import (
	_ "embed" // for the example and the schema
	"time"
)

//go:generate go test -run ^TestTheSchemaIsMadeFromTheStruct$ . -update

// Example is a configuration file with every key, its default and an explanation. Only the secrets and the hook's tokens are
// missing, because no default is safe for them.
//
//go:embed config.example.yml
var Example []byte

// Schema is the JSON Schema (2020-12) of the configuration file, for editors.
//
//go:embed config.schema.json
var Schema []byte

// Config is the whole configuration. The comments of this struct are the descriptions in the schema.
type Config struct {
	// The database: sqlite:PATH for one process, or postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full for several
	// processes. If the SQLite file does not exist, Nidan creates it, and only its owner can read it (mode 0600). A relative path
	// starts in the working directory.
	Database string `koanf:"database" secret:"true" jsonschema:"pattern=^(sqlite|postgres|postgresql):"`
	// Secrets that protect codes in the database, each of at least 32 bytes. Nidan protects new codes with the first secret; the
	// other secrets still open the codes that they protect. To rotate, put a new secret first and remove the old one a day later.
	// Nidan reads the secrets again on SIGHUP.
	Secrets []string `koanf:"secrets" secret:"true" rotates:"true"`
	// The listener that browsers and clients reach.
	Public Public `koanf:"public"`
	// The listener that Kratos calls. It must not face the internet.
	Hooks Hooks `koanf:"hooks"`
	// Where Kratos is.
	Kratos Kratos `koanf:"kratos"`
	// The places of the facts about an account in an identity of Kratos: JSON Pointers (RFC 6901) that begin with
	// /traits/ or /metadata_public/.
	Identity Identity `koanf:"identity"`
	// The policies that decide.
	Policies Policies `koanf:"policies"`
	// The records of sign-ins and changes.
	Records Records `koanf:"records"`
	// The server to which Nidan sends each decision, in the format of OPA's decision log.
	DecisionLog DecisionLog `koanf:"decision_log"`
	// The server to which Nidan reports which policies decide, in the format of OPA's status API.
	Status Status `koanf:"status"`
	// The switches with which a new database starts. After that, the switches in the database count, and Nidan ignores these keys.
	Settings Settings `koanf:"settings"`
	// The name, logo, colours, links and texts that people see.
	Brand Brand `koanf:"brand"`
	// The mails with the codes.
	Mail Mail `koanf:"mail"`
	// The log, which Nidan writes to standard error.
	Log Log `koanf:"log"`
	// The way in which Nidan stops.
	Shutdown Shutdown `koanf:"shutdown"`
}

// Public is the listener that browsers and clients reach. It serves the sign-in pages, and passes requests to Kratos' public API.
type Public struct {
	// The address of the listener, HOST:PORT. Without a host: every address of the machine.
	Listen string `koanf:"listen"`
	// The URL at which browsers reach this listener: scheme, host and port, without a path. The mails with codes name its host.
	URL string `koanf:"url" jsonschema:"pattern=^https?://"`
	// The networks of the reverse proxies in front of this listener, each as ADDRESS/LENGTH (RFC 4632). For a request from one of
	// these networks, Nidan takes the client's address from X-Forwarded-For, into which the proxy writes it. Empty: Nidan trusts no
	// proxy, and the client's address is the address of the connection.
	TrustedProxies []string `koanf:"trusted_proxies"`
	// The origins of the applications behind this listener, such as https://app.example.com. If a browser has to sign in again, or
	// has to show a second factor, Nidan can then send it back to a page of these origins. Kratos has to allow the origins too
	// (selfservice.allowed_return_urls). The origin of this listener itself is always allowed.
	ReturnTo []string `koanf:"return_to"`
	// The limits of a request that Nidan passes on to Kratos.
	Limits Limits `koanf:"limits"`
}

// Limits are the limits of a request that Nidan passes on to Kratos. A longer request would make the sign-ins of other people fail.
// Sizes are counted as Kratos encodes them: most characters are one byte, quotes and backslashes four bytes, and < > & seven bytes.
type Limits struct {
	// Size of the body in bytes, 1024 to 16384.
	Body int `koanf:"body" jsonschema:"minimum=1024,maximum=16384"`
	// Size of all headers together in bytes, 2048 to 16384.
	Headers int `koanf:"headers" jsonschema:"minimum=2048,maximum=16384"`
	// Size of one header in bytes, 1024 to 8192.
	Header int `koanf:"header" jsonschema:"minimum=1024,maximum=8192"`
	// Size of the path and the query together in bytes, 512 to 4096.
	Address int `koanf:"address" jsonschema:"minimum=512,maximum=4096"`
	// Depth of objects and arrays in a JSON body, 4 to 256 levels.
	Depth int `koanf:"depth" jsonschema:"minimum=4,maximum=256"`
}

// Hooks is the listener that Kratos calls. It also answers /healthz, /readyz and /metrics.
type Hooks struct {
	// The address of the listener, HOST:PORT. Without a host: every address of the machine.
	Listen string `koanf:"listen"`
	// The bearer tokens that Kratos may present (RFC 6750), one or two, each of at least 32 characters. To rotate a token, add the new
	// one here, change the token in Kratos, then remove the old one here. Nidan reads the tokens again on SIGHUP.
	Tokens []string `koanf:"tokens" secret:"true" rotates:"true" jsonschema:"maxItems=2,uniqueItems=true"`
}

// Kratos says how Nidan reaches Kratos.
type Kratos struct {
	// The URL at which Nidan reaches Kratos' public API.
	PublicURL string `koanf:"public_url" jsonschema:"pattern=^https?://"`
	// The URL at which Nidan reaches Kratos' admin API.
	AdminURL string `koanf:"admin_url" jsonschema:"pattern=^https?://"`
	// The name of the browser's session cookie: session.cookie.name in Kratos' configuration.
	SessionCookie string `koanf:"session_cookie" jsonschema:"pattern=^[A-Za-z0-9_.-]+$"`
}

// Identity has the places of the facts about an account in an identity of Kratos (JSON Pointers, RFC 6901).
type Identity struct {
	// The name with which the account signs in.
	Account string `koanf:"account" jsonschema:"pattern=^/(traits|metadata_public)/"`
	// The display name of the account.
	Name string `koanf:"name" jsonschema:"pattern=^/(traits|metadata_public)/"`
	// The e-mail address to which Nidan sends codes.
	Email string `koanf:"email" jsonschema:"pattern=^/(traits|metadata_public)/"`
	// The role: owner, system_administrator, supervisor or user. It must be below /metadata_public/, because account holders can
	// change their traits.
	Role string `koanf:"role" jsonschema:"pattern=^/metadata_public/"`
	// Whether the account needs a second step. It must be below /metadata_public/: if it were a trait, account holders could switch
	// off their own second step.
	TwoFactor string `koanf:"two_factor" jsonschema:"pattern=^/metadata_public/"`
	// The language of messages and mails, ja or en. An identity need not have this value.
	Locale string `koanf:"locale" jsonschema:"pattern=^/(traits|metadata_public)/"`
	// Whether the account is locked. An identity need not have this value. locked, password_expired and plan must be below
	// /metadata_public/: otherwise account holders could change the values that keep them out or let them in.
	Locked string `koanf:"locked" jsonschema:"pattern=^/metadata_public/"`
	// Whether the account's password has expired. An identity need not have this value.
	PasswordExpired string `koanf:"password_expired" jsonschema:"pattern=^/metadata_public/"`
	// The plan to which the account's holder has subscribed. An identity need not have this value.
	Plan string `koanf:"plan" jsonschema:"pattern=^/metadata_public/"`
}

// Settings are the switches with which a new database starts.
type Settings struct {
	// Two-step verification is in use. If false, Nidan asks nobody for a code.
	TwoFactor bool `koanf:"two_factor"`
	// Nidan asks for a code at sign-ins to the web console.
	AdminConsole bool `koanf:"admin_console"`
	// Nidan asks for a code at sign-ins to the softphone. Other channels that the policies list start switched on.
	Softphone bool `koanf:"softphone"`
	// Nidan can remember a device. It does not ask for a code on a remembered device.
	Remember bool `koanf:"remember"`
	// The number of days for which Nidan remembers a device, 1 to 365.
	RememberDays int `koanf:"remember_days" jsonschema:"minimum=1,maximum=365"`
}

// Mail says how Nidan sends the mails with the codes.
type Mail struct {
	// The sender of the mails: an address with or without a display name (RFC 5322 section 3.4).
	From string `koanf:"from"`
	// The older name of brand.name. If given, it counts in place of brand.name. Empty: brand.name counts.
	Brand string `koanf:"brand"`
	// The mail server.
	SMTP SMTP `koanf:"smtp"`
}

// SMTP is the mail server.
type SMTP struct {
	// The host name or IP address of the server.
	Host string `koanf:"host"`
	// The port of the server: usually 587 for starttls, and 465 for implicit.
	Port int `koanf:"port" jsonschema:"minimum=1,maximum=65535"`
	// The protection of the connection. starttls: Nidan sends nothing if the server does not offer STARTTLS. implicit: TLS from
	// the first byte (RFC 8314). none: no TLS; anybody on the network can read the codes.
	TLS string `koanf:"tls" jsonschema:"enum=starttls,enum=implicit,enum=none"`
	// The user name for the server. Empty: no authentication. Nidan reads it again on SIGHUP.
	Username string `koanf:"username" rotates:"true"`
	// The password of the user. Nidan reads it again on SIGHUP.
	Password string `koanf:"password" secret:"true" rotates:"true"`
	// The timeout of one attempt to send a mail, 1s to 60s.
	Timeout time.Duration `koanf:"timeout"`
	// The largest number of mails that Nidan sends at the same time, 1 to 500. Example: if the server needs one second for each
	// mail, 100 connections send 100 mails a second.
	Connections int `koanf:"connections" jsonschema:"minimum=1,maximum=500"`
	// A file with certificates (PEM) that Nidan trusts in addition to the system's: the certificate of the authority that signed
	// the server's certificate, or the server's own certificate. Empty: none.
	CAFile string `koanf:"ca_file"`
	// The name that Nidan sends to the server in EHLO: the full name of this machine, or its address in brackets (RFC 5321 section
	// 4.1.3). Many servers refuse a name without a dot. Empty: the host name of the machine.
	Helo string `koanf:"helo"`
}

// Log says which lines Nidan writes to standard error, and in which format.
type Log struct {
	// The lowest level that Nidan writes.
	Level string `koanf:"level" jsonschema:"enum=debug,enum=info,enum=warn,enum=error"`
	// The format of the lines: text for people, json for machines.
	Format string `koanf:"format" jsonschema:"enum=text,enum=json"`
}

// Default returns the default values. They are not a valid configuration: the operator has to give secrets and tokens.
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
