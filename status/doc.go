// Package status tells a control plane which policies decide, in the form and by the protocol of OPA's status API
// (https://www.openpolicyagent.org/docs/management-status), so that a tool that shows the bundle of each OPA shows each Nidan
// too. It has a folder of its own because it is not part of the policies: no sign-in waits for it, and it decides nothing.
//
// It sends the current status, when the status changes and at intervals. So nothing is queued: when the control plane cannot be reached,
// it gets the status of that moment when it can be reached again.
package status
