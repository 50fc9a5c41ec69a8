// Package orders is the lane of one account on one target: stream
// orders-<target>/<account>. It holds every change that was ever ordered for
// the account there, and says which one is next.
//
//	         Order                    Complete
//	(none) ────────► ordered ─────────────────────────► completed
//	                    │  ▲│ RecordFailure (a new kind only)
//	                    │  └┘
//	                    └──── Order of the removal ───► cancelled
//
// The rules:
//
//   - One order per grant, turn and operation (PRV-024): a grant that is
//     suspended and reinstated is removed and added again, one after the other.
//   - One after the other. An order that cannot be carried out for a reason of
//     its own holds back only its right, and a removal the additions after it:
//     they could open an account whose right is still to be taken.
//   - A removal cancels the open addition of its grant, so that the addition
//     can never be applied after it, and is itself carried out all the same: an
//     attempt may have reached the target.
//   - A right stays while another grant of the account gives it; the account may
//     sign in while it holds any right on the target.
//   - Completed means read back: what was seen must show what was ordered.
package orders
