// Package config holds the operator's settings: one struct, what it is without a word from anybody ([Default]), where
// it is read from ([Load]) and what it must be ([Config.Validate]).
//
// A setting is looked for in the environment, then in the file, then in the defaults. The name of every key's variable
// is its path in capitals after NIDAN_, with underscores: mail.smtp.tls is NIDAN_MAIL_SMTP_TLS. Lists are separated by
// commas there. A secret can also be read from a file that NIDAN_..._FILE names, one line for each value of a list. A
// key or a variable that nobody knows is refused by its name, because a misspelt setting that is passed over is a
// protection that somebody believes in.
//
// config.example.yml shows and explains every key. config.schema.json (JSON Schema 2020-12) is made from the struct for
// editors; what it cannot say, Validate says.
//
// The package opens nothing but those files: whether an address can be bound or a server answers is found out by the
// part that uses it. The switches under [Settings] are only what a new database starts with.
package config
