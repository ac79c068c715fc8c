// Package config holds the operator's settings: one struct, its default values ([Default]), how it is read ([Load]) and which
// values are valid ([Config.Validate]).
//
// A setting is looked for in the environment, then in the file, then in the defaults. The name of every key's variable
// is its path in capitals after NIDAN_, with underscores: mail.smtp.tls is NIDAN_MAIL_SMTP_TLS. Lists are separated by
// commas there. A secret can also be read from a file that NIDAN_..._FILE names, one line for each value of a list. An
// unknown key or variable is refused by its name: if a misspelt setting were ignored, an operator could believe that a
// protection is on when it is not.
//
// config.example.yml shows and explains every key. config.schema.json (JSON Schema 2020-12) is made from the struct for
// editors, and so is docs/reference/configuration.md for people; Validate checks what the schema cannot express.
//
// The package opens only those files: the part that uses an address or a server finds out whether it works. The switches
// under [Settings] are only the values with which a new database starts.
package config
