// Package doctor checks an installation. Each finding says whether something is set up right and, if not, what to do.
//
// It has a folder of its own because its checks compare parts that no other package sees together: Nidan's configuration, Kratos'
// configuration, the services at the addresses in both, the database, the policies and the mail server. If these do not fit together,
// Kratos may let people in without a code. Neither Nidan nor Kratos can notice this: if Kratos does not call the hook, no record shows it.
//
// A [Check] changes nothing. The only exception is the check that sends a test mail. A finding never contains a secret, a token or a
// code. Checks that need the database, the policies or the mail server get functions, because the package does not open these itself.
package doctor
