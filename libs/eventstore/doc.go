// Package eventstore keeps what happened: an append-only list of events per
// service, with one dense order.
//
// # What is promised
//
//   - Positions are 1, 2, 3, … without holes, in the order of commit. A reader
//     that asks for "everything after n" cannot skip an event.
//   - Versions of a stream are 1, 2, 3, … An append names the version that it
//     decided on; if the stream has moved, it is refused with ErrConflict and
//     nothing of it is written. A neighbour in the same batch is not affected.
//   - A command id is used once. The same id with the same digest returns the
//     first result; with another digest it is refused with ErrCommandReused.
//   - An event is stored exactly as first encoded and never changed.
//
// # How to use it
//
// A rule is a Decider: two pure functions. Execute is the only loop: read,
// fold, decide, append at the version read; on a lost race decide again.
// Journal binds a Store to the clock and to the sealing of personal fields.
//
// The stores are eventstore/postgres and eventstore/memory; both pass the suite
// in eventstore/storetest.
package eventstore
