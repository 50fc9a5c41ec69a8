// Package holdings is everything that one person holds: stream
// holdings-<person id>. All grants of a person are one consistency boundary, so
// that two decisions about one person cannot contradict each other.
//
// One grant:
//
//	         issue                 target read back
//	(none) ─────────► issued ───────────────────────► active
//	                    │                               │
//	                    └────────────┬──────────────────┘
//	                                 │ revoke
//	                                 ▼    target read back
//	                              revoking ──────────────► removed
//
// Meanwhile it may be suspended and come back:
//
//	                   suspend               target read back
//	issued or active ─────────► suspending ──────────────────► suspended
//	       ▲                         │                             │
//	       └──────── reinstate ──────┴─────────────────────────────┘
//	    (issued)
//
// The rules:
//
//   - What a post gives is evaluated outside, against a pack, and comes with the
//     command as birthrights with the rule of the pack that gives each. Here it
//     is compared with what is held: what is missing is issued, what is no
//     longer implied is revoked, the rest stays as it is.
//   - At most one grant per application and role is issued or active. A role
//     that becomes due again while an earlier grant is being removed gets a new
//     grant: a removal is never called back.
//   - Of roles that a duty rule keeps apart nobody gets two, whatever the matrix
//     says: what was asked for and approved stays, then the first in the matrix
//     is given, and what is withheld is recorded with rule and roles; when a
//     pack stops giving it, that it lapses. When what stands in the way is gone,
//     it is given.
//   - A right that is being taken away counts for duty rules until that is
//     confirmed. What waits for it is issued then: what was signed, suspended
//     grants whose time is over, birthrights, in this order. Asking and
//     reinstating are refused meanwhile.
//   - Whoever asks passes a screening; what was signed passes it again here, so
//     that of two requests for roles that are kept apart at most one is given,
//     whenever and by whomever they were signed.
//   - What was asked for has an end, can be renewed before it, and is given up
//     at a transfer.
//   - A transfer that is being cleared waits until everything that was being
//     removed when the rights of the new post were derived is gone. What both
//     posts give stays.
//   - A post is replaced only by what identity said later.
//   - An addition that is confirmed after its revocation does not bring the
//     grant back to life.
//   - A suspended grant is not had and still held: it counts for duty rules and
//     as what is held already, whoever aligns birthrights leaves it alone, and
//     it is renewed, expires and is revoked like any other. It comes back when
//     somebody reinstates it, or by itself if it was suspended until an instant,
//     unless a duty rule speaks against it by then.
//   - Nobody suspends or reinstates a grant of their own.
//   - Each suspension and reinstatement begins a turn of the grant. What a target
//     showed in an earlier turn confirms nothing of a later one.
//   - Who has left holds nothing. When the last removal is confirmed, the
//     holdings are cleared, and that opens the way for HR.
package holdings
