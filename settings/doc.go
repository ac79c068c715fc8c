// Package settings says what an administrator can switch in the console: the second step as a whole, each channel, and whether and how
// long a device is remembered.
//
// What follows from a switch is decided by the policies, which get the settings as input.settings. The package does not keep settings
// (package store) and does not say who may change them (the policies do, asked by server/console).
package settings
