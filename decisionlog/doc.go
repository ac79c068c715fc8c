// Package decisionlog sends each decision on a sign-in to an endpoint, in the event format and by the protocol of OPA's
// decision log (https://www.openpolicyagent.org/docs/management-decision-logs), so that the tools that security teams
// have for the decisions of OPA can read those of Nidan too. It has a folder of its own because it is neither a policy nor a record: a
// sign-in waits until its record is in the database. The decision log is a copy for another system, and no sign-in waits for it.
//
// Decisions that cannot be sent stay in memory, up to a limit, and are sent later. Beyond the limit, decisions are dropped and counted.
// There is no copy on disk.
package decisionlog
