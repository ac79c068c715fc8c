// Package status tells a control plane which policies decide, in the form and in the way of OPA's status API
// (https://www.openpolicyagent.org/docs/management-status), so that what shows which bundle each OPA has shows each Nidan too. It has a
// folder of its own because it is no part of the policies: nobody who signs in waits for it, and nothing is decided by it.
//
// What is told is the present, when it changes and at intervals. So nothing waits to be sent: where the control plane cannot be had, it
// is told what is so then, when it can.
package status
