// Package journal makes it seen when somebody alters the records. It chains them by hash into a Merkle tree (RFC 6962): each record has a
// [Leaf], and a [Checkpoint] says how many leaves there are and what their root is, signed with a key that is not in the database.
//
// It has a folder of its own because it is neither a record nor where records are kept: the records are written by sign-ins, in whatever
// order, and a [Sealer] in the background fixes their order afterwards. No sign-in waits for it. What is altered before it has come to a
// record, within a second or two, nobody can see. [Verify] finds what was altered later, and [VerifyExport] does so for an export, which
// carries a [Proof].
//
// The leaf of a record says its ID, its time and the digest of all the rest. So it stays good when the record is erased because it is
// old, and says that it was.
package journal
