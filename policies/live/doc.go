// Package live keeps the policies that decide up to date while sign-ins go on.
//
// Policies come from the program itself, from a layer over the shipped set, from a watched folder, or from a bundle that is
// downloaded as OPA does it. Each new set goes through the same gate ([policies.Check]) before it decides any sign-in; only the
// shipped set does not, because it passed the gate before the release. The new set then replaces the older set in one step. A
// refused set changes nothing; the log and [Status] say why it was refused. No sign-in waits for any of this, and each sign-in is
// decided by one whole set. A signed bundle does not replace a bundle that was signed later.
//
// If loosening takes approval ([Require]), a set that passed the gate is compared with the deciding set, for all possible inputs.
// Unless it is proven that nothing is looser, the new set waits until an administrator has approved exactly what it loosens. All
// processes share the [History]: which set decided last, which sets wait, and the answers. At a start, a new set is compared with
// the set that decided last, and that set decides while the new set waits.
//
// A second set, the shadow, can be asked about every sign-in too, for comparison. It decides no sign-in.
package live
