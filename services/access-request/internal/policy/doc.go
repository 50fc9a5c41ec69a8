// Package policy is what follows from events of other services, and of this
// one: each file is a sentence "when x then y".
//
// # Nobody is left with the rights of an old pack
//
// Two things change what a person should hold: the post and the pack. They
// arrive independently, and a person whose post is noted while a new pack is
// being enforced must not slip between them.
//
// All events of the service have one dense order. Let e be the position of
// PackEnforced of the newest pack and a the position at which a handler wrote
// what it had derived from some pack.
//
//   - a > e: after every write, Alignment.follow reads the pack in force from
//     the store again. It sees the pack of e and, if it had derived from another
//     one, realigns and looks again.
//   - a < e: the realignment of everybody begins after e. It waits until the
//     read model shows position e and then goes through all people that it
//     knows, so it meets the person of a.
//
// Which birthrights go with which post is checked once more inside the
// decision: Realign names the post it was derived for and does nothing if
// another has been noted. That other post was noted later than the pack was
// read, and its own handler looks at the pack again after its write.
//
// A delivery that is repeated after a crash cannot know whether it had looked
// again, so it always realigns; if all is well, that writes nothing.
package policy
