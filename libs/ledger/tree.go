package ledger

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
)

// Hash is a SHA-256 hash of a leaf, a node or a whole tree.
type Hash [sha256.Size]byte

// HashLeaf is the RFC 6962 hash of a leaf's bytes.
func HashLeaf(leaf []byte) Hash {
	h := sha256.New()
	h.Write([]byte{0x00})
	h.Write(leaf)
	return Hash(h.Sum(nil))
}

// HashChildren is the RFC 6962 hash of a node.
func HashChildren(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 0x01
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// EmptyRoot is the root of a tree without leaves.
var EmptyRoot = Hash(sha256.Sum256(nil))

// NodeID names a perfect subtree: the leaves from Index·2^Level up to, not
// including, (Index+1)·2^Level. Level 0 are the leaves.
type NodeID struct {
	Level int
	Index int64
}

// Fetch returns the hashes of the nodes, in the order asked for. It is called
// once per question, so that a database answers with one query.
type Fetch func(ids []NodeID) ([]Hash, error)

// Tree is the right edge of a growing tree: the perfect subtrees that the next
// leaves will be joined with. The zero value is the empty tree. It is not safe
// for concurrent use.
type Tree struct {
	size  int64
	peaks []Hash // left to right, falling in size
}

// Resume returns the tree of the given size from its stored nodes.
func Resume(size int64, fetch Fetch) (*Tree, error) {
	if size < 0 {
		return nil, fmt.Errorf("resume tree: size %d is negative", size)
	}
	peaks, err := fetchAll(fetch, cover(0, size))
	if err != nil {
		return nil, fmt.Errorf("resume tree of %d: %w", size, err)
	}
	return &Tree{size: size, peaks: peaks}, nil
}

// Append adds a leaf hash and hands every node that it completes to keep,
// the leaf first. A tree of n leaves has less than 2n nodes.
func (t *Tree) Append(leaf Hash, keep func(NodeID, Hash)) {
	h, id := leaf, NodeID{Level: 0, Index: t.size}
	keep(id, h)
	for ; id.Index&1 == 1; keep(id, h) {
		last := len(t.peaks) - 1
		h = HashChildren(t.peaks[last], h)
		t.peaks = t.peaks[:last]
		id = NodeID{Level: id.Level + 1, Index: id.Index >> 1}
	}
	t.peaks = append(t.peaks, h)
	t.size++
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Root is the RFC 6962 tree hash.
func (t *Tree) Root() Hash { return join(t.peaks) }

// RootAt is the root that the tree had, or has, at a size.
func RootAt(size int64, fetch Fetch) (Hash, error) {
	t, err := Resume(size, fetch)
	if err != nil {
		return Hash{}, err
	}
	return t.Root(), nil
}

// cover is the perfect subtrees that make up the leaves from lo up to, not
// including, hi, left to right. lo is a multiple of every subtree's width.
func cover(lo, hi int64) []NodeID {
	var ids []NodeID
	for lo < hi {
		level := bits.Len64(uint64(hi-lo)) - 1 //nolint:gosec // hi > lo
		ids = append(ids, NodeID{Level: level, Index: lo >> level})
		lo += 1 << level
	}
	return ids
}

// join is the root over subtrees that fall in size.
func join(peaks []Hash) Hash {
	if len(peaks) == 0 {
		return EmptyRoot
	}
	h := peaks[len(peaks)-1]
	for i := len(peaks) - 2; i >= 0; i-- {
		h = HashChildren(peaks[i], h)
	}
	return h
}

func fetchAll(fetch Fetch, ids []NodeID) ([]Hash, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	hashes, err := fetch(ids)
	if err != nil {
		return nil, fmt.Errorf("fetch nodes: %w", err)
	}
	if len(hashes) != len(ids) {
		return nil, fmt.Errorf("fetch nodes: asked for %d, got %d", len(ids), len(hashes))
	}
	return hashes, nil
}
