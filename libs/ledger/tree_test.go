package ledger_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ostiary/ostiary/libs/ledger"
)

// grown is a tree with its nodes kept in a map, and the leaves.
type grown struct {
	ledger.Tree
	nodes  map[ledger.NodeID]ledger.Hash
	leaves []ledger.Hash
}

func grow(n int64) *grown {
	g := &grown{nodes: map[ledger.NodeID]ledger.Hash{}}
	for i := range n {
		leaf := ledger.HashLeaf(binary.BigEndian.AppendUint64(nil, uint64(i)))
		g.leaves = append(g.leaves, leaf)
		g.Append(leaf, func(id ledger.NodeID, h ledger.Hash) { g.nodes[id] = h })
	}
	return g
}

var errMissing = errors.New("no such node")

func (g *grown) fetch(ids []ledger.NodeID) ([]ledger.Hash, error) {
	hashes := make([]ledger.Hash, len(ids))
	for i, id := range ids {
		h, ok := g.nodes[id]
		if !ok {
			return nil, errMissing
		}
		hashes[i] = h
	}
	return hashes, nil
}

// The reference: the definitions of RFC 6962 §2.1, word by word, over leaves.

func mth(d []ledger.Hash) ledger.Hash {
	switch len(d) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return d[0]
	}
	k := below(len(d))
	left, right := mth(d[:k]), mth(d[k:])
	return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
}

func path(m int, d []ledger.Hash) []ledger.Hash {
	if len(d) == 1 {
		return nil
	}
	if k := below(len(d)); m < k {
		return append(path(m, d[:k]), mth(d[k:]))
	} else {
		return append(path(m-k, d[k:]), mth(d[:k]))
	}
}

func subproof(m int, d []ledger.Hash, b bool) []ledger.Hash {
	if m == len(d) {
		if b {
			return nil
		}
		return []ledger.Hash{mth(d)}
	}
	if k := below(len(d)); m <= k {
		return append(subproof(m, d[:k], b), mth(d[k:]))
	} else {
		return append(subproof(m-k, d[k:], false), mth(d[:k]))
	}
}

func below(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

func sizes() []int64 {
	s := []int64{0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 255, 256, 257}
	rnd := rand.New(rand.NewPCG(6962, 9162))
	for range 12 {
		s = append(s, 1+rnd.Int64N(700))
	}
	return s
}

func TestTreeEqualsTheDefinition(t *testing.T) {
	t.Parallel()
	for _, n := range sizes() {
		g := grow(n)
		if g.Size() != n || g.Root() != mth(g.leaves) {
			t.Fatalf("root of %d differs from RFC 6962", n)
		}
		for _, m := range []int64{0, 1, n / 3, n / 2, n - 1, n} {
			if m < 0 || m > n {
				continue
			}
			root, err := ledger.RootAt(m, g.fetch)
			if err != nil || root != mth(g.leaves[:m]) {
				t.Fatalf("root at %d of %d: %v", m, n, err)
			}
			resumed, err := ledger.Resume(m, g.fetch)
			if err != nil {
				t.Fatal(err)
			}
			for _, leaf := range g.leaves[m:] {
				resumed.Append(leaf, func(id ledger.NodeID, h ledger.Hash) {
					if g.nodes[id] != h {
						t.Fatalf("node %v differs after resuming at %d", id, m)
					}
				})
			}
			if resumed.Root() != g.Root() {
				t.Fatalf("resumed at %d, the tree of %d has another root", m, n)
			}
		}
	}
}

func TestProofsEqualTheDefinition(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range sizes()[1:] {
		g := grow(n)
		for range 20 {
			i, m := rnd.Int64N(n), rnd.Int64N(n+1)
			inc, err := ledger.ProveInclusion(i, n, g.fetch)
			if err != nil || !slices.Equal(inc, path(int(i), g.leaves)) {
				t.Fatalf("inclusion of %d in %d: %v", i, n, err)
			}
			if err := ledger.VerifyInclusion(g.leaves[i], i, n, g.Root(), inc); err != nil {
				t.Fatalf("inclusion of %d in %d: %v", i, n, err)
			}
			con, err := ledger.ProveConsistency(m, n, g.fetch)
			if err != nil || (m > 0 && !slices.Equal(con, subproof(int(m), g.leaves, true))) {
				t.Fatalf("consistency of %d with %d: %v", m, n, err)
			}
			if err := ledger.VerifyConsistency(m, n, mth(g.leaves[:m]), g.Root(), con); err != nil {
				t.Fatalf("consistency of %d with %d: %v", m, n, err)
			}
		}
	}
}

// TestAgreesWithTheGoChecksumDatabase takes the implementation of
// golang.org/x/mod as a second opinion.
func TestAgreesWithTheGoChecksumDatabase(t *testing.T) {
	t.Parallel()
	const n = 333
	g := grow(n)
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hs []tlog.Hash
		for _, i := range indexes {
			hs = append(hs, stored[i])
		}
		return hs, nil
	})
	for i := range int64(n) {
		hs, err := tlog.StoredHashes(i, binary.BigEndian.AppendUint64(nil, uint64(i)), reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hs...)
		root, err := tlog.TreeHash(i+1, reader)
		if err != nil {
			t.Fatal(err)
		}
		if mine, err := ledger.RootAt(i+1, g.fetch); err != nil || mine != ledger.Hash(root) {
			t.Fatalf("root at %d: %v", i+1, err)
		}
		mine, err := ledger.ProveInclusion(i, n, g.fetch)
		if err != nil {
			t.Fatal(err)
		}
		var theirs tlog.RecordProof
		for _, h := range mine {
			theirs = append(theirs, tlog.Hash(h))
		}
		if err := tlog.CheckRecord(theirs, n, tlog.Hash(g.Root()), i, tlog.Hash(g.leaves[i])); err != nil {
			t.Fatalf("inclusion of %d: %v", i, err)
		}
		con, err := ledger.ProveConsistency(i+1, n, g.fetch)
		if err != nil {
			t.Fatal(err)
		}
		var tree tlog.TreeProof
		for _, h := range con {
			tree = append(tree, tlog.Hash(h))
		}
		if err := tlog.CheckTree(tree, n, tlog.Hash(g.Root()), i+1, root); err != nil {
			t.Fatalf("consistency of %d: %v", i+1, err)
		}
	}
}

func TestForgedProofsAreRefused(t *testing.T) {
	t.Parallel()
	const n, i, m = 100, 37, 41
	g := grow(n)
	inc, err := ledger.ProveInclusion(i, n, g.fetch)
	if err != nil {
		t.Fatal(err)
	}
	con, err := ledger.ProveConsistency(m, n, g.fetch)
	if err != nil {
		t.Fatal(err)
	}
	old := mth(g.leaves[:m])
	refused := func(name string, err error) {
		t.Helper()
		if !errors.Is(err, ledger.ErrProof) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	for k := range inc {
		bad := slices.Clone(inc)
		bad[k][k%32] ^= 1
		refused("a bit of the inclusion proof", ledger.VerifyInclusion(g.leaves[i], i, n, g.Root(), bad))
	}
	for k := range con {
		bad := slices.Clone(con)
		bad[k][k%32] ^= 1
		refused("a bit of the consistency proof", ledger.VerifyConsistency(m, n, old, g.Root(), bad))
	}
	refused("another leaf", ledger.VerifyInclusion(g.leaves[i+1], i, n, g.Root(), inc))
	refused("another index", ledger.VerifyInclusion(g.leaves[i], i+1, n, g.Root(), inc))
	refused("index outside", ledger.VerifyInclusion(g.leaves[i], n, n, g.Root(), inc))
	refused("negative index", ledger.VerifyInclusion(g.leaves[i], -1, n, g.Root(), inc))
	refused("short", ledger.VerifyInclusion(g.leaves[i], i, n, g.Root(), inc[1:]))
	refused("long", ledger.VerifyInclusion(g.leaves[i], i, n, g.Root(), append(slices.Clone(inc), old)))
	refused("another old root", ledger.VerifyConsistency(m, n, g.Root(), g.Root(), con))
	refused("another new root", ledger.VerifyConsistency(m, n, old, old, con))
	refused("no proof", ledger.VerifyConsistency(m, n, old, g.Root(), nil))
	refused("shrunk", ledger.VerifyConsistency(n, m, g.Root(), old, con))
	refused("same size, other root", ledger.VerifyConsistency(n, n, old, g.Root(), nil))
	refused("empty tree with a root", ledger.VerifyConsistency(0, n, old, g.Root(), nil))
}

func TestProofsOutsideTheTreeAreErrors(t *testing.T) {
	t.Parallel()
	g := grow(4)
	for name, err := range map[string]error{
		"leaf outside":   second(ledger.ProveInclusion(4, 4, g.fetch)),
		"negative leaf":  second(ledger.ProveInclusion(-1, 4, g.fetch)),
		"shrinking":      second(ledger.ProveConsistency(4, 3, g.fetch)),
		"negative size":  second(ledger.RootAt(-1, g.fetch)),
		"missing nodes":  second(ledger.RootAt(7, g.fetch)),
		"too few hashes": second(ledger.RootAt(3, func([]ledger.NodeID) ([]ledger.Hash, error) { return nil, nil })),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func BenchmarkAppend(b *testing.B) {
	r := full()
	r.Data = make([]byte, 500)
	var t ledger.Tree
	b.ReportAllocs()
	for b.Loop() {
		t.Append(ledger.LeafHash("identity", r), func(ledger.NodeID, ledger.Hash) {})
	}
}
