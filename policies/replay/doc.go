// Package replay finds out what other policies would change. It decides recorded sign-ins again, under the tried policies and under
// the policies that they are compared with, and counts the different decisions.
//
// Sign-ins are decided in the order of time, because a decision has consequences: a person who enters a code may have the device
// remembered, and is not asked the next time. So each of the two sets has its own memory of the devices. While a set decides as was
// recorded, its memory of a device is what the records say. When it decides differently, replay computes its memory. Records do not
// always name the device of a sign-in, and may lack facts that the policies read. So there may be several possibilities. A sign-in
// is compared only if each set makes the same decision for all of them.
package replay
