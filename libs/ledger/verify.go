package ledger

import "errors"

// ErrProof says that a proof does not show what it should: the history is not
// the one that the root stands for.
var ErrProof = errors.New("the proof does not lead to the root")

// VerifyInclusion checks that leaf is at index of the tree with this size and
// root; RFC 9162 §2.1.3.2.
func VerifyInclusion(leaf Hash, index, size int64, root Hash, proof []Hash) error {
	if index < 0 || index >= size {
		return ErrProof
	}
	fn, sn, r := index, size-1, leaf
	for _, p := range proof {
		if sn == 0 {
			return ErrProof
		}
		if fn&1 == 1 || fn == sn {
			r = HashChildren(p, r)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = HashChildren(r, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || r != root {
		return ErrProof
	}
	return nil
}

// VerifyConsistency checks that the tree with size and root before is the
// beginning of the tree with size and root after; RFC 9162 §2.1.4.2.
func VerifyConsistency(before, after int64, rootBefore, rootAfter Hash, proof []Hash) error {
	switch {
	case before < 0 || before > after:
		return ErrProof
	case before == 0 || before == after:
		if len(proof) != 0 || (before == 0 && rootBefore != EmptyRoot) || (before == after && rootBefore != rootAfter) {
			return ErrProof
		}
		return nil
	}
	if before&(before-1) == 0 { // a perfect tree is itself the first element
		proof = append([]Hash{rootBefore}, proof...)
	}
	if len(proof) == 0 {
		return ErrProof
	}
	fn, sn := before-1, after-1
	for fn&1 == 1 {
		fn, sn = fn>>1, sn>>1
	}
	fr, sr := proof[0], proof[0]
	for _, p := range proof[1:] {
		if sn == 0 {
			return ErrProof
		}
		if fn&1 == 1 || fn == sn {
			fr, sr = HashChildren(p, fr), HashChildren(p, sr)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			sr = HashChildren(sr, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || fr != rootBefore || sr != rootAfter {
		return ErrProof
	}
	return nil
}
