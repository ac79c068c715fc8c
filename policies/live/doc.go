// Package live keeps the policies that decide up to date while sign-ins go on.
//
// Whatever they come from - what ships, a layer over that or a folder that is watched, a bundle that is downloaded as OPA does it - each new set goes
// through the same gate (policies.Check) before it decides about anybody, and then takes the place of the older one in one
// step. A set that is refused changes nothing; the log and [Status] say why it was refused. No sign-in waits for any of
// this, and no sign-in is decided by half a set. A signed bundle does not replace a bundle that was signed later.
//
// Where loosening takes approval ([Require]), a set that passed the gate is compared with the one that decides, for all inputs there can be.
// Unless it is proven that nothing is looser, it waits until an administrator has approved of exactly what it loosens. [History] is what all
// processes know together: which set decided last, which sets wait, and what was answered. At a start, a new set is measured by the one that
// decided last, and that one decides while the new one waits.
//
// A second set, the shadow, can be asked about every sign-in too, for comparison. It decides none.
package live
