// Package snapshot is one file of HR, stream snapshot-<id>: what it says about
// each person, and how far it has been carried out.
//
//	TakeIn … TakeIn ──► Accept ──► carried out change by change ──► Finish
//	Hold: nothing is taken in, because too many people would leave
//
// Changes are inert until the snapshot is accepted; from then on they are
// carried out whatever happens to the process. So a crash leaves either
// nothing or everything.
//
// Compare is the heart: the rows of the file against the people of the same
// source, as they will stand on the effective day. A row that cannot be taken
// is quarantined; its person counts as present, so that a spoilt row never
// looks like a departure.
package snapshot
