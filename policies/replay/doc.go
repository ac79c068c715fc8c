// Package replay says what other policies would change: it decides recorded sign-ins once more, under them and under those that they are
// compared with, and counts what comes out differently.
//
// Sign-ins are decided in the order of time, because a decision has consequences: whoever enters a code is remembered, and is not asked the
// next time. So each of the two sets has its own memory of the devices. Where a set would have done as was recorded, its memory of a device is
// what the records say of it; where it would have done otherwise, its memory is followed here. Records do not always say which device a
// sign-in came from, and not always all that is read. A sign-in is compared only where both sets decide the same, whichever it was.
package replay
