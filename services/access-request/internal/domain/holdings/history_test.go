package holdings_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// world is one person among HR, packs and targets, all played by chance. What
// must be held is computed from the post and the pack alone, without looking
// at the holdings.
type world struct {
	t        *testing.T
	rand     *rand.Rand
	state    holdings.State
	history  []proto.Message
	position int64 // of identity
	grants   int
	pack     holdings.Pack
	matrix   map[string][]string // roles by project
	project  string
	employed bool
	cleared  int
	waiting  map[string][]string // what each transfer took, by case
}

// Covers: ACR-001, ACR-008, ACR-067
func TestRandomHistoriesKeepTheInvariants(t *testing.T) {
	t.Parallel()
	for seed := range testkit.Count(1000) {
		w := &world{t: t, rand: rand.New(rand.NewPCG(uint64(seed), 1))}
		for range 60 {
			w.step()
			if t.Failed() {
				t.Fatalf("seed %d after %d events", seed, len(w.history))
			}
		}
		w.settle()
		if t.Failed() {
			t.Fatalf("seed %d after settling", seed)
		}
	}
}

func (w *world) step() {
	switch w.rand.IntN(10) {
	case 0:
		w.publish()
	case 1:
		w.position++
		w.employed = false
		w.do(leaves(w.position, w.day()))
	case 2, 3, 4:
		w.position++
		w.employed = true
		w.project = fmt.Sprintf("P%d", w.rand.IntN(3))
		c := engineer(w.position, w.day(), w.project, w.pack, w.due(w.project)...)
		if w.rand.IntN(2) == 0 {
			c.Case = fmt.Sprintf("cas_%d", w.position)
		}
		w.do(c)
	case 5: // what is late or out of date
		if w.position == 0 {
			return
		}
		w.do(engineer(w.position, w.day(), "P0", w.pack, w.due("P1")...))
		w.do(leaves(max(0, w.position-1), w.day()))
		w.do(holdings.Realign{PostPosition: w.position - 1, Pack: w.pack, Birthrights: w.due("P2")})
	default:
		w.confirm()
	}
}

// publish changes the matrix and realigns, as the service does.
func (w *world) publish() {
	w.pack = holdings.Pack{Version: w.pack.Version + 1, EffectiveAt: w.day()}
	w.matrix = map[string][]string{}
	for p := range 3 {
		for r := range 5 {
			if w.rand.IntN(2) == 0 {
				project := fmt.Sprintf("P%d", p)
				w.matrix[project] = append(w.matrix[project], fmt.Sprintf("role%d", r))
			}
		}
	}
	w.do(holdings.Realign{PostPosition: w.state.Post.GetSourcePosition(), Pack: w.pack, Birthrights: w.due(w.project)})
}

// confirm plays a target that answers one open order, possibly again.
func (w *world) confirm() {
	ids := slices.Sorted(maps.Keys(w.state.Grants))
	if len(ids) == 0 {
		return
	}
	id := ids[w.rand.IntN(len(ids))]
	if w.state.Grants[id].Live() || w.rand.IntN(4) == 0 {
		w.do(holdings.ConfirmActive{GrantID: id})
		return
	}
	w.do(holdings.ConfirmRemoved{GrantID: id})
}

// settle lets the person leave and every target answer.
func (w *world) settle() {
	w.position++
	w.employed = false
	before := w.cleared
	w.do(leaves(w.position, w.day()))
	for _, id := range slices.Sorted(maps.Keys(w.state.Grants)) {
		w.do(holdings.ConfirmRemoved{GrantID: id})
	}
	if w.cleared != before+1 {
		w.t.Errorf("holdings were cleared %d times by one departure", w.cleared-before)
	}
}

// transfers checks that a transfer is cleared exactly when everything that was
// being removed right after it is gone, unless the person leaves first.
func (w *world) transfers(c holdings.Command, events []proto.Message) {
	w.t.Helper()
	if w.waiting == nil || !w.employed {
		w.waiting = map[string][]string{}
	}
	if n, ok := c.(holdings.NotePost); ok && n.Case != "" && len(events) > 0 {
		w.waiting[n.Case] = []string{}
		for id, g := range w.state.Grants {
			if g.Status == holdings.Revoking {
				w.waiting[n.Case] = append(w.waiting[n.Case], id)
			}
		}
	}
	said := map[string]bool{}
	for _, e := range events {
		if e, ok := e.(*accessv1.PostRightsCleared); ok {
			said[e.GetCaseId()] = true
		}
	}
	for id, grants := range w.waiting {
		gone := !slices.ContainsFunc(grants, func(g string) bool { return w.state.Grants[g].Status != holdings.Removed })
		if gone != said[id] {
			w.t.Errorf("after %T: the transfer %s is cleared: %v, everything is gone: %v", c, id, said[id], gone)
		}
		if gone {
			delete(w.waiting, id)
		}
		delete(said, id)
	}
	if len(said) > 0 {
		w.t.Errorf("after %T: transfers that nobody waits for are cleared: %v", c, said)
	}
}

func (w *world) day() time.Time { return monday.AddDate(0, 0, w.rand.IntN(30)) }

func (w *world) due(project string) []holdings.Birthright {
	var due []holdings.Birthright
	for i, role := range w.matrix[project] {
		w.grants++
		due = append(due, holdings.Birthright{
			Application: "orders", Role: role, Rule: fmt.Sprintf("matrix[%d]", i+1), Target: "orders-db", GrantID: fmt.Sprintf("grt_%05d", w.grants),
		})
	}
	return due
}

// do carries a command out and checks everything that must hold after it.
func (w *world) do(c holdings.Command) {
	w.t.Helper()
	events, err := holdings.Decide(w.state, c)
	if err != nil {
		w.t.Errorf("%T: %v", c, err)
		return
	}
	before := w.state
	for _, e := range events {
		w.state = holdings.Evolve(w.state, e)
		w.history = append(w.history, e)
	}
	if again, err := holdings.Decide(before, c); err != nil || !cmp.Equal(events, again, protocmp.Transform()) {
		w.t.Errorf("%T decides otherwise the second time: evolving changed the state that it was given", c)
	}
	w.check(c, events)
}

func (w *world) check(c holdings.Command, events []proto.Message) {
	w.t.Helper()
	want := map[string]bool{}
	if w.employed {
		for _, role := range w.matrix[w.project] {
			want[role] = true
		}
	}
	held, open := map[string]bool{}, 0
	for id, g := range w.state.Grants {
		if g.Issued.GetRule() == "" || g.Issued.GetPackVersion() == 0 || g.Issued.GetTarget() == "" || g.Issued.GetAccount() == "" {
			w.t.Errorf("grant %s is not explained: %v", id, g.Issued)
		}
		if g.Status != holdings.Removed {
			open++
		}
		if !g.Live() {
			continue
		}
		if held[g.Issued.GetRole()] {
			w.t.Errorf("two grants of %s are live", g.Issued.GetRole())
		}
		held[g.Issued.GetRole()] = true
	}
	if !maps.Equal(want, held) {
		w.t.Errorf("after %T: held %v, want %v", c, held, want)
	}
	var cleared, cause int
	for _, e := range events {
		switch e := e.(type) {
		case *accessv1.HoldingsCleared:
			cleared++
		case *accessv1.GrantRemovalConfirmed:
			cause++
		case *accessv1.PostNoted:
			cause++
		case *accessv1.GrantRevoked:
			if e.GetEffectiveAt().AsTime().Before(w.state.Grants[e.GetGrantId()].Issued.GetEffectiveAt().AsTime()) {
				w.t.Errorf("%s ends before it begins", e.GetGrantId())
			}
		}
	}
	w.cleared += cleared
	if due := cause > 0 && !w.employed && open == 0; (cleared == 1) != due || cleared > 1 {
		w.t.Errorf("after %T: cleared %d times with %d open, employed %v", c, cleared, open, w.employed)
	}
	w.transfers(c, events)
	w.replay()
}

// replay folds what is stored and expects the live state.
func (w *world) replay() {
	w.t.Helper()
	if w.rand.IntN(20) > 0 {
		return // folding everything after every step is quadratic
	}
	var s holdings.State
	for _, e := range w.history {
		b, err := proto.Marshal(e)
		if err != nil {
			w.t.Fatal(err)
		}
		stored := e.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(b, stored); err != nil {
			w.t.Fatal(err)
		}
		s = holdings.Evolve(s, stored)
	}
	if diff := cmp.Diff(w.state, s, protocmp.Transform()); diff != "" {
		w.t.Errorf("replay differs (-live +replayed):\n%s", diff)
	}
}
