// Package clearance is the case that must be settled before HR may finish a
// departure or a transfer, stream clearance-<case id> (IDN-025, IDN-028,
// IDN-030).
//
//	Open ──► open ──(every item done or waived)──► closed, HR gate opened
//	           └──── Cancel (it has become moot) ──► closed, HR gate shut
//
// Some items are settled by facts: "grants" when every removal was read back
// on its target, "accounts" when the accounts are closed. A transfer asks for
// what the old post gave only: its "grants" are settled when nothing of that is
// left, never before the day, and its account stays. Nobody can tick them;
// at most they are waived, with a reason, which is an audit finding. The others
// (admin_confirmation, sign_off:…) are for people to record.
//
// A person who comes back while the case is open makes the departure moot. The
// case is cancelled rather than settled: its gate never opens, because HR has
// nothing left to finish. The removals that had been decided still run to
// their confirmation, where they are kept, in access-request; what the new
// employment gives is granted anew. The case of a transfer is cancelled in the
// same way when the transfer is withdrawn, or when the person leaves: the
// departure takes everything, and its own case is the one that HR waits for.
package clearance
