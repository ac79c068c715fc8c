// Package replay says what other policies would change: it decides recorded sign-ins once more, under them, and counts what
// comes out differently.
package replay
