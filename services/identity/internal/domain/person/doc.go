// Package person is one real human being with one employment, stream
// person-<employee number>. The stream's name makes the number unique.
//
//	           TakeOn (later day)              CarryOut start
//	unknown ────────────────────► expected ──────────────────► active ◄──────────────┐
//	   │                             │ Leave (before the start)  │  │ Leave (later day) │ departure
//	   │ TakeOn (today or earlier)   ▼                           │  ▼                   │ withdrawn
//	   └──────────────► active      left ◄──── Leave ────────────┘ leaving ─────────────┘
//	                                 ▲                             │
//	                                 └──────────── CarryOut end ───┘
//
// HR speaks in snapshots: "this person is here, at this post, from this day".
// What holds today or earlier happens at once and keeps its day in
// effective_at; what holds later is kept as a plan in this stream and carried
// out when the clock reaches it. A person has at most one plan of each sort; a
// newer one replaces it. AsOf tells how the person will stand on a given day,
// so that a later snapshot is compared with the future and not with today.
//
// A move of which HR gave notice is a transfer: it has a clearance case from the
// notice on (TransferNoticed), and the PostChanged that it becomes names that
// case. While it is ahead there is one, and what HR says of it later changes its
// plan; it is withdrawn if that leads nowhere, or if another plan for an earlier
// day takes its place. Whoever leaves first takes it along.
//
// A person who has left may be taken on again (rehire); the number and the
// internal id stay the same.
package person
