// Package cmd holds the commands, and is the only place that knows every package: it reads the configuration, builds the
// parts, runs them until it is told to stop, and says in one sentence why it could not.
package cmd
