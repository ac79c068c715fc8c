// Package journal makes it visible when somebody alters the records. It chains them by hash into a Merkle tree (RFC 6962): each record has a
// [Leaf], and a [Checkpoint] says how many leaves there are and what their root is. Checkpoints are signed with a key that is not in the
// database.
//
// It has a folder of its own because it neither writes records nor stores them. Sign-ins write the records, in any order. A [Sealer] in the
// background fixes their order afterwards, so no sign-in waits for it. The sealer reaches a new record within a second or two; nobody can
// detect an alteration that was made before. [Verifier.Verify] finds later alterations in the database, and [Verifier.VerifyExport] finds
// them in an export, which contains a proof (see [Prove]).
//
// The leaf of a record contains the record's ID, its time, and the digest of the whole record. So the leaf stays valid when the record is
// erased because it is old, and it proves that the record was old.
package journal
