package cmd

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"nidan/policies"
)

// The statuses that the policy commands end with, the same in each of them, for scripts and merge checks. 1 is anything else, such as a
// database that cannot be opened.
const (
	statusPastLimit = 2  // something is looser, fails, must never be or is past a limit that was given, or a test fails
	statusNotProven = 3  // nothing such was found, and that there is none cannot be said
	statusRefused   = 4  // the set of policies is not right: it does not load, compile or pass the gate
	statusNotFound  = 5  // there is no such folder, file, revision or record
	statusUsage     = 64 // the command line is wrong; EX_USAGE of BSD's sysexits.h
	// statusInterrupted is what shells say of a command that SIGINT has ended: 128 and the number of the signal.
	statusInterrupted = 130
)

// statuses is what each of them means, for those who call the commands.
const statuses = `All of them end with one of these statuses:

   0  it is as it should be
   2  something is looser, fails, must never be or is past a limit that was given, or a test fails
   3  nothing such was found, and it cannot be said that there is none
   4  the set of policies is not right: it does not load, compile or pass the gate
   5  there is no such folder, file, revision or record
  64  the command line is wrong
 130  it was interrupted
   1  anything else, such as a database that cannot be opened`

// withStatus is an error with which the program ends in another status than 1.
type withStatus struct {
	error
	status int
}

// Unwrap is for errors.Is and errors.As.
func (w withStatus) Unwrap() error { return w.error }

// statusOf is what the program ends with.
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

// orNotFound is for what somebody named and may have misspelt.
func orNotFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return withStatus{err, statusNotFound}
	}
	return err
}

// endWithStatuses has a command and those below it end with the status of a wrong command line where it is wrong.
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
	c.PreRunE = func(c *cobra.Command, _ []string) error { // cobra looks at these later, and its errors say nothing of their kind
		return usage(errors.Join(c.ValidateRequiredFlags(), c.ValidateFlagGroups()))
	}
	for _, below := range c.Commands() {
		endWithStatuses(below)
	}
}
