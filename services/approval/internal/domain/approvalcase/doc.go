// Package approvalcase is one matter and its signatures: stream case-<id>.
//
//	          Open             Approve (last step), Authorise
//	(none) ─────────► open ─────────────────────────────────► granted
//	                  │ ▲ │                 Refuse
//	          Postpone│ │ ├─────────────────────────────────► refused
//	                  ▼ │Resume              Return
//	               postponed ├──────────────────────────────► returned
//	                      │      nobody signs, nobody is left
//	                      └─────────────────────────────────► lapsed, cancelled
//
// The rules:
//
//   - Neither who asks nor for whom is asked ever signs: not directly, not
//     through a deputy, not through a loop of deputies. They hold no seat, so
//     nobody can sit there for them (APR-011).
//   - People sign, not accounts: one person fills one seat of a step, whatever
//     functions and deputyships meet in that person.
//   - A step is done when as many seats are filled as its quorum says. Steps
//     follow one another; the last one grants.
//   - A signature names the digest of what was shown, the authority, and for
//     whom a deputy signed (APR-002, APR-006).
//   - Who may sign is found anew whenever it matters: when a step begins, when
//     somebody leaves or moves, and at every signature. A step for which too few
//     people are left ends the case; no case waits for nobody.
//   - A late step is reminded of, then escalated, then it lapses (APR-010).
//   - In a special case leadership authorises directly. That is marked for ever
//     (APR-008).
package approvalcase
