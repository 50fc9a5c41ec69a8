// Package ledger makes history provable: a canonical encoding of an event, the
// RFC 6962 Merkle tree over such leaves, proofs, and signed checkpoints in the
// C2SP tlog-checkpoint format.
//
// It is pure: hashes go in, hashes come out. Where nodes are kept is the
// caller's affair; it hands in a Fetch.
//
//	leaf 0   leaf 1   leaf 2   leaf 3   leaf 4        Level 0
//	   \_____/           \_____/           .          Level 1
//	        \________________/             .          Level 2
//	                 \_____________________/          the root, not stored
//
// Only perfect subtrees are nodes; a node is never changed once complete.
// Everything else (roots, proofs) is computed from them.
package ledger
