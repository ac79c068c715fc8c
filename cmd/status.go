package cmd

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"nidan/policies"
)

// The exit statuses of the policy commands, for scripts and merge checks. They are the same for each command. Status 1 is for all other
// errors, such as a database that cannot be opened.
const (
	statusPastLimit = 2  // something is looser or fails, an invariant does not hold, a given limit is exceeded, or a test fails
	statusNotProven = 3  // nothing like this was found, but it is not proven that there is nothing
	statusRefused   = 4  // the set of policies is not valid: it does not load, does not compile, or does not pass the gate
	statusNotFound  = 5  // a folder, file, revision or record does not exist
	statusUsage     = 64 // the command line is wrong; EX_USAGE of BSD's sysexits.h
	// statusInterrupted is what shells say of a command that SIGINT has ended: 128 and the number of the signal.
	statusInterrupted = 130
)

// statuses describes the exit statuses in the help of the commands.
const statuses = `The exit status of each command is one of these:

   0  all is as it should be
   2  something is looser or fails, an invariant does not hold, a given limit is exceeded, or a test fails
   3  nothing like this was found, but it is not proven that there is nothing
   4  the set of policies is not valid: it does not load, does not compile, or does not pass the gate
   5  a folder, file, revision or record does not exist
  64  the command line is wrong
 130  the command was interrupted
   1  any other error, such as a database that cannot be opened`

// withStatus is an error with an exit status other than 1.
type withStatus struct {
	error
	status int
}

// Unwrap is for errors.Is and errors.As.
func (w withStatus) Unwrap() error { return w.error }

// statusOf returns the exit status for an error.
func statusOf(err error) int {
	var known withStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &known):
		return known.status
	case errors.Is(err, policies.ErrRefused) || len(policies.Problems(err)) > 0:
		return statusRefused
	}
	return 1
}

func usage(err error) error {
	if err == nil {
		return nil
	}
	return withStatus{err, statusUsage}
}

// orNotFound gives err the status statusNotFound if a file does not exist. It is for the errors about files that the user names.
func orNotFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return withStatus{err, statusNotFound}
	}
	return err
}

// endWithStatuses makes a command and its subcommands exit with statusUsage if the command line is wrong.
func endWithStatuses(c *cobra.Command) {
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	if c.HasSubCommands() && !c.Runnable() {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("there is no command %q: see %s --help", args[0], c.CommandPath()))
			}
			return c.Help()
		}
	}
	if args := c.Args; args != nil {
		c.Args = func(c *cobra.Command, given []string) error { return usage(args(c, given)) }
	}
	c.PreRunE = func(c *cobra.Command, _ []string) error { // cobra checks these after PreRunE, and its errors have no type
		return usage(errors.Join(c.ValidateRequiredFlags(), c.ValidateFlagGroups()))
	}
	for _, below := range c.Commands() {
		endWithStatuses(below)
	}
}
