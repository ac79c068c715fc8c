package policies

import "time"

// Input is everything that a decision on a sign-in may depend on. The same policies make the same decision for the same input,
// today or in a year: the time is part of the input, and a policy has no other source of facts.
type Input struct {
	Now       time.Time  `json:"now" jsonschema:"description=when the sign-in happened"`
	Today     string     `json:"today" jsonschema:"description=the day of now in the configured time zone\\, such as 2026-04-01"`
	Settings  Settings   `json:"settings"`
	Account   Account    `json:"account"`
	Request   Request    `json:"request"`
	Device    Device     `json:"device"`
	Challenge *Challenge `json:"challenge,omitempty" jsonschema:"description=the challenge that is open in this login flow\\, if any"`
}

// Settings are the console's switches. AdminConsole and Softphone repeat entries of Channels, for rules from before Channels.
type Settings struct {
	TwoFactor    bool            `json:"two_factor" jsonschema:"description=two-step verification is in use at all"`
	AdminConsole bool            `json:"admin_console" jsonschema:"description=the same as channels.admin_console"`
	Softphone    bool            `json:"softphone" jsonschema:"description=the same as channels.softphone"`
	Channels     map[string]bool `json:"channels" jsonschema:"description=by channel\\, whether a code is asked there. A channel that is not listed is switched on"`
	Remember     bool            `json:"remember" jsonschema:"description=a device may be remembered"`
	RememberDays int             `json:"remember_days" jsonschema:"minimum=1,maximum=365,description=for how many days"`
}

// Account is the account that signs in. The holder of the account cannot change Role and TwoFactor.
type Account struct {
	ID        string `json:"id" jsonschema:"description=Kratos' identity id"`
	Name      string `json:"name" jsonschema:"description=the account name it signs in with"`
	Role      string `json:"role" jsonschema:"description=owner\\, system_administrator\\, supervisor or user"`
	Email     string `json:"email"`
	HasEmail  bool   `json:"has_email"`
	TwoFactor bool   `json:"two_factor" jsonschema:"description=the account's own flag"`
	State     string `json:"state" jsonschema:"enum=active,enum=inactive,description=Kratos' identity state"`

	Locked          bool   `json:"locked"`
	PasswordExpired bool   `json:"password_expired"`
	Locale          string `json:"locale" jsonschema:"description=the account's own language\\, unchanged\\, or empty. The holder of the account may have chosen it"`
	Plan            string `json:"plan" jsonschema:"description=what the account's holder has subscribed to\\, empty if that is not known"`

	Factors *Factors `json:"factors,omitempty" jsonschema:"description=the second factors of Kratos that this account has. Missing: Nidan has not looked them up. A decision on a sign-in that depends on them says so in needs"`
}

// Factors are the second factors of Kratos that an account has enrolled. They are booleans, not a list, so that a proof can try all
// of them.
type Factors struct {
	TOTP         bool `json:"totp" jsonschema:"description=an authenticator app"`
	WebAuthn     bool `json:"webauthn" jsonschema:"description=a security key as a second factor"`
	LookupSecret bool `json:"lookup_secret" jsonschema:"description=recovery codes"`
}

// Request describes the sign-in. FlowType, Method, RequestedAAL, Refresh and IPTrusted are facts; so is IP if IPTrusted is true.
// All other fields are claims of the client.
type Request struct {
	Method       string            `json:"method" jsonschema:"description=Kratos' method of this sign-in: password\\, oidc\\, code\\, passkey\\, webauthn\\, totp\\, lookup_secret. A later Kratos may have others"`
	FlowType     string            `json:"flow_type" jsonschema:"enum=browser,enum=api,description=Kratos' type of the flow"`
	ReturnTo     string            `json:"return_to" jsonschema:"description=where the browser goes afterwards"`
	OAuth2Client string            `json:"oauth2_client_id" jsonschema:"description=the OAuth2 client that the sign-in is for\\, unknown if Kratos does not name it\\, empty if there is none"`
	Headers      map[string]string `json:"headers" jsonschema:"description=the headers that Kratos passes on\\, with names in lower case"`
	IP           string            `json:"ip" jsonschema:"description=the client's address\\, without a port\\, or empty. It is never empty if ip_trusted is true"`
	IPTrusted    bool              `json:"ip_trusted" jsonschema:"description=Nidan itself saw the client at that address: a rule about networks must check it"`
	UserAgent    string            `json:"user_agent"`
	Client       Client            `json:"client" jsonschema:"description=the client's own claim: it may raise what is asked\\, never lower it"`
	Refresh      bool              `json:"refresh" jsonschema:"description=a session is being refreshed"`
	RequestedAAL string            `json:"requested_aal"`
	Locale       string            `json:"locale" jsonschema:"description=ja or en: the language in which this sign-in is answered. It is the language that the client asks for\\, else the one that its browser prefers\\, else the account's\\, else ja"`
}

// Client is what a client says about itself.
type Client struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Challenge is the challenge that is open in this login flow.
type Challenge struct {
	ID           string `json:"id"`
	Channel      string `json:"channel"`
	AttemptsLeft int    `json:"attempts_left"`
}

// Device is the device that the client signs in from. Nidan knows it by a token that only the device has.
type Device struct {
	Known   bool   `json:"known" jsonschema:"description=this account had the device remembered\\, with a correct code"`
	Channel string `json:"channel" jsonschema:"description=the channel on which it was remembered"`
	AgeDays int    `json:"age_days" jsonschema:"description=whole periods of 24 hours since then"`

	AgeCalendarDays int `json:"age_calendar_days" jsonschema:"description=midnights since then\\, in the configured time zone"`

	ID string `json:"id" jsonschema:"description=a name of the device\\, computed from its token. It cannot be used to sign in. Sign-ins from one device have the same name until the device is remembered anew. Empty: the client has no token. Unless known is true\\, the client may have made it up"`
}

// CapabilitiesInput is the input of the decision what a session may do.
type CapabilitiesInput struct {
	Now      time.Time `json:"now"`
	Today    string    `json:"today" jsonschema:"description=the day of now in the configured time zone\\, such as 2026-04-01"`
	Settings Settings  `json:"settings"`
	Account  Account   `json:"account"`
	Session  Session   `json:"session"`
}

// SettingsInput is the input of the decision whether a session may change how its account signs in.
type SettingsInput struct {
	Now      time.Time       `json:"now"`
	Today    string          `json:"today" jsonschema:"description=the day of now in the configured time zone\\, such as 2026-04-01"`
	Settings Settings        `json:"settings"`
	Account  Account         `json:"account" jsonschema:"description=the account before the change"`
	Session  Session         `json:"session"`
	Request  SettingsRequest `json:"request"`
}

// SettingsRequest says what is to be changed.
type SettingsRequest struct {
	Method string `json:"method" jsonschema:"enum=password,enum=profile,enum=totp,enum=webauthn,enum=passkey,enum=lookup_secret,enum=oidc,enum=any,enum=unknown,description=Kratos' method that makes the change. any: a person only begins to change something"`
}

// Session says how a Kratos session was opened.
type Session struct {
	Known      bool   `json:"known" jsonschema:"description=Nidan has a record of the session"`
	Channel    string `json:"channel" jsonschema:"description=the channel of the sign-in\\, or unknown"`
	SecondStep string `json:"second_step" jsonschema:"enum=passed,enum=remembered,enum=not_asked,enum=aal2_needed,enum=enrol_only,enum=unknown"`
	AAL        string `json:"aal" jsonschema:"enum=aal1,enum=aal2,enum=unknown,description=Kratos' authenticator assurance level. A code that Kratos itself mailed does not make it aal2. unknown: Kratos did not say"`
	AgeMinutes int    `json:"age_minutes" jsonschema:"minimum=0,description=whole minutes since the last step of signing in was completed"`
}
