// Package projection keeps read models: rows derived from a service's own
// events, in the same database, which may be dropped and built anew.
//
// # What is promised
//
//   - Events are applied in order, each once, and none is skipped: the first
//     position of a page must be the checkpoint + 1. Rows and checkpoint are
//     one transaction, fenced by the checkpoint, so two replicas may run the
//     same projections.
//   - A page that cannot be applied is repeated with back-off, at last event by
//     event, so that readiness names the very position. Others go on.
//   - A higher Version, or Rebuild, builds the read model anew beside the live
//     one and swaps the two in one transaction. Queries meanwhile see the old
//     rows or the new ones.
//   - Read models never hold personal data in clear: facts come with their
//     personal fields sealed, and queries open them with the keyring.
//
// # How a page travels
//
//	reader ──► decoders (parallel) ──► Apply + checkpoint, one transaction
//
// The stages run ahead of each other, so a rebuild is as fast as its slowest
// one. Commits do not wait for the disk: what a power cut takes is applied
// again, because rows and checkpoint are lost together.
package projection
