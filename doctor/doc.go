// Package doctor looks at an installation, and says of each thing that it looks at whether it is right and what to do where it is not.
//
// It has a folder of its own because no other package sees all that has to fit together: Nidan's configuration, Kratos' configuration,
// what runs behind the addresses in both, the database, the policies and the mail server. A sign-in is let through without a code where
// they do not fit, and neither Nidan nor Kratos can tell: a hook that is not called leaves no trace.
//
// A [Check] changes nothing, neither here nor in what it looks at, but for the one that sends a test mail. What a finding says never
// holds a secret, a token or a code. Checks that need the database, the policies or the mail server get functions: the package opens none
// of these itself.
package doctor
