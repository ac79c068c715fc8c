// Package decisionlog sends each decision on a sign-in to an endpoint of its own, in the event format and in the way of OPA's
// decision log (https://www.openpolicyagent.org/docs/management-decision-logs), so that what security teams have for the decisions
// of an OPA takes those of Nidan too. It has a folder of its own because it is neither a policy nor a record: the records in the
// database are what a sign-in waits for and what is kept; this is a copy on its way to somebody else, for which nobody waits.
//
// What cannot be sent is kept in memory, up to a bound, and sent later; what comes on top of that is dropped, and counted. There is
// no copy on disk.
package decisionlog
