package ledger

import (
	"fmt"
	"math/bits"
)

// span is a run of leaves whose root is one element of a proof.
type span struct{ lo, hi int64 }

// ProveInclusion shows that the leaf at index belongs to the tree of the given
// size; RFC 6962 §2.1.1. VerifyInclusion checks it.
func ProveInclusion(index, size int64, fetch Fetch) ([]Hash, error) {
	if index < 0 || index >= size {
		return nil, fmt.Errorf("prove inclusion: leaf %d is not in a tree of %d", index, size)
	}
	return prove(inclusionPath(index, span{0, size}), fetch)
}

// ProveConsistency shows that the tree of size before is the beginning of the
// tree of size after; RFC 6962 §2.1.2. VerifyConsistency checks it.
func ProveConsistency(before, after int64, fetch Fetch) ([]Hash, error) {
	if before < 0 || before > after {
		return nil, fmt.Errorf("prove consistency: a tree of %d does not come before one of %d", before, after)
	}
	if before == 0 || before == after {
		return nil, nil
	}
	return prove(consistencyPath(before, span{0, after}, true), fetch)
}

func inclusionPath(index int64, s span) []span {
	if s.hi-s.lo == 1 {
		return nil
	}
	mid := s.lo + split(s.hi-s.lo)
	if index < mid {
		return append(inclusionPath(index, span{s.lo, mid}), span{mid, s.hi})
	}
	return append(inclusionPath(index, span{mid, s.hi}), span{s.lo, mid})
}

// consistencyPath is SUBPROOF of the RFC: known says that the verifier has the
// root of s already.
func consistencyPath(before int64, s span, known bool) []span {
	if before == s.hi {
		if known {
			return nil
		}
		return []span{s}
	}
	mid := s.lo + split(s.hi-s.lo)
	if before <= mid {
		return append(consistencyPath(before, span{s.lo, mid}, known), span{mid, s.hi})
	}
	return append(consistencyPath(before, span{mid, s.hi}, false), span{s.lo, mid})
}

// split is the largest power of two below n; n ≥ 2.
func split(n int64) int64 {
	return 1 << (bits.Len64(uint64(n-1)) - 1) //nolint:gosec // n ≥ 2
}

// prove fetches every node of the path at once and joins them span by span.
func prove(path []span, fetch Fetch) ([]Hash, error) {
	var ids []NodeID
	for _, s := range path {
		ids = append(ids, cover(s.lo, s.hi)...)
	}
	hashes, err := fetchAll(fetch, ids)
	if err != nil {
		return nil, err
	}
	proof := make([]Hash, len(path))
	for i, s := range path {
		n := len(cover(s.lo, s.hi))
		proof[i], hashes = join(hashes[:n]), hashes[n:]
	}
	return proof, nil
}
