// Package config holds the operator's settings: one struct, its default values ([Default]), how it is read ([Load]) and which
// values are valid ([Config.Validate]).
//
// [Load] takes a value from the environment, else from the file, else from the defaults. The environment variable of a key is
// NIDAN_ and the path of the key in capitals, with underscores: mail.smtp.tls is NIDAN_MAIL_SMTP_TLS. In a variable, commas separate
// the values of a list. A secret can also stand in a file of its own: NIDAN_..._FILE names the file, which has one value a line. Load
// refuses an unknown key or variable and names it: if Load ignored a misspelt key, an operator could believe that a protection is
// on when it is off.
//
// config.example.yml shows and explains every key. A test makes config.schema.json (JSON Schema 2020-12, for editors) and
// docs/reference/configuration.md (for people) from the struct. Validate checks what the schema cannot express.
//
// The package opens only the configuration file and the files of secrets. It does not try addresses or servers: the packages that
// use them do this. The switches under [Settings] are only the values with which a new database starts.
package config
