// Package config is the operator's settings: what they are, what they are by default, and where they come from. A file
// (YAML) overrides the defaults, the environment overrides the file, and secrets may stand in files of their own. A key that
// nobody knows is refused by its name, and everything that is wrong is said at once, without repeating a secret.
//
// What administrators switch while Nidan runs is not here but in the database; here is only what a new one starts with.
package config
