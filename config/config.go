package config

import (
	_ "embed" // for the example
	"time"
)

// Example is a commented file with every key. But for the secrets, which have no default, it holds the defaults.
//
//go:embed config.example.yml
var Example []byte

// Config is everything an operator can set.
type Config struct {
	Database string   `koanf:"database"` // "sqlite:PATH"
	Secrets  []string `koanf:"secrets"`  // the current one first; the others still verify
	Public   Public   `koanf:"public"`
	Hooks    Hooks    `koanf:"hooks"`
	Kratos   Kratos   `koanf:"kratos"`
	Identity Identity `koanf:"identity"`
	Policies Policies `koanf:"policies"`
	Settings Settings `koanf:"settings"`
	Mail     Mail     `koanf:"mail"`
	Log      Log      `koanf:"log"`
}

// Public is the listener that browsers reach: pages, and Kratos' public API.
type Public struct {
	Listen string `koanf:"listen"` // host:port
	URL    string `koanf:"url"`    // as browsers see it
}

// Hooks is the listener that Kratos reaches. It must not face the internet.
type Hooks struct {
	Listen string   `koanf:"listen"` // host:port
	Tokens []string `koanf:"tokens"` // bearer tokens: one, or two while one is being rotated
}

// Kratos says where its two APIs are.
type Kratos struct {
	PublicURL string `koanf:"public_url"`
	AdminURL  string `koanf:"admin_url"`
}

// Identity says where in a Kratos identity the facts stand (JSON Pointers, RFC 6901).
type Identity struct {
	Account   string `koanf:"account"`
	Name      string `koanf:"name"`
	Email     string `koanf:"email"`
	Role      string `koanf:"role"`
	TwoFactor string `koanf:"two_factor"`
	Locale    string `koanf:"locale"`
}

// Policies says which policies decide.
type Policies struct {
	Dir string `koanf:"dir"` // empty: those that ship
}

// Settings are the switches that a new database starts with.
type Settings struct {
	TwoFactor    bool `koanf:"two_factor"`
	AdminConsole bool `koanf:"admin_console"`
	Softphone    bool `koanf:"softphone"`
	Remember     bool `koanf:"remember"`
	RememberDays int  `koanf:"remember_days"` // 1 to 365
}

// Mail says how mails look and where they are handed over.
type Mail struct {
	From  string `koanf:"from"`
	Brand string `koanf:"brand"`
	SMTP  SMTP   `koanf:"smtp"`
}

// SMTP is the mail server.
type SMTP struct {
	Host     string        `koanf:"host"`
	Port     int           `koanf:"port"`
	TLS      string        `koanf:"tls"` // "starttls", "implicit" or "none"
	Username string        `koanf:"username"`
	Password string        `koanf:"password"`
	Timeout  time.Duration `koanf:"timeout"` // for one mail, 1 s to 60 s
}

// Log says what is logged, to standard error.
type Log struct {
	Level  string `koanf:"level"`  // "debug", "info", "warn" or "error"
	Format string `koanf:"format"` // "text" or "json"
}

// Default is the configuration without a file. It lacks what has no default: secrets and tokens.
func Default() Config {
	return Config{
		Database: "sqlite:nidan.db",
		Secrets:  []string{},
		Public:   Public{Listen: "127.0.0.1:4455", URL: "http://127.0.0.1:4455"},
		Hooks:    Hooks{Listen: "127.0.0.1:4456", Tokens: []string{}},
		Kratos:   Kratos{PublicURL: "http://127.0.0.1:4433", AdminURL: "http://127.0.0.1:4434"},
		Identity: Identity{
			Account: "/traits/account", Name: "/traits/name", Email: "/traits/email",
			Role: "/metadata_public/role", TwoFactor: "/metadata_public/two_factor/enabled", Locale: "/traits/locale",
		},
		Settings: Settings{TwoFactor: true, AdminConsole: true, Softphone: true, Remember: true, RememberDays: 30},
		Mail: Mail{
			From: "Nidan <nidan@localhost>", Brand: "Nidan",
			SMTP: SMTP{Host: "127.0.0.1", Port: 587, TLS: "starttls", Timeout: 10 * time.Second},
		},
		Log: Log{Level: "info", Format: "text"},
	}
}
