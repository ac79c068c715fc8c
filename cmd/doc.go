// Package cmd holds the commands, and is the only package that imports all others: it reads the configuration, builds the
// parts, and runs them until it is told to stop. If it cannot, it says why in one sentence.
package cmd
