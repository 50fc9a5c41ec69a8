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
	// orders are what targets were told, oldest first, and answered what they
	// have answered.
	orders   []order
	answered map[order]bool
	// down are the grants that are suspended, told from the events alone.
	down map[string]bool
}

// order is one change on a target, of a turn of a grant.
type order struct {
	grant  string
	remove bool
	turn   int32
}

// Covers: ACR-001, ACR-008, ACR-067, ACR-070
func TestRandomHistoriesKeepTheInvariants(t *testing.T) {
	t.Parallel()
	for seed := range testkit.Count(1000) {
		w := &world{t: t, rand: rand.New(rand.NewPCG(uint64(seed), 1)), answered: map[order]bool{}, down: map[string]bool{}}
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
	switch w.rand.IntN(13) {
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
	case 6, 7:
		w.suspendOrReinstate()
	default:
		w.confirm()
	}
}

// suspendOrReinstate decides about some grant, whatever its state: only what
// goes on can be suspended, and only what is suspended comes back.
func (w *world) suspendOrReinstate() {
	ids := slices.Sorted(maps.Keys(w.state.Grants))
	if len(ids) == 0 {
		return
	}
	id := ids[w.rand.IntN(len(ids))]
	live := w.state.Grants[id].Live()
	switch w.rand.IntN(3) {
	case 0:
		c := holdings.SuspendGrant{GrantID: id, By: "per_9", Reason: "核查中", Now: monday}
		if w.rand.IntN(2) == 0 {
			c.Until = tuesday
		}
		w.does(c, live && !w.down[id])
	case 1:
		w.does(holdings.ReinstateGrant{GrantID: id, By: "per_9", Reason: "核查完毕", Now: monday}, live && w.down[id])
	default:
		w.do(holdings.EndSuspension{GrantID: id, Now: w.day()})
	}
}

// does carries out what is allowed, and expects a refusal of what is not.
func (w *world) does(c holdings.Command, allowed bool) {
	w.t.Helper()
	if allowed {
		w.do(c)
	} else if events, err := holdings.Decide(w.state, c); err == nil {
		w.t.Errorf("%T is not refused: %v", c, events)
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

// confirm plays a target that answers some order, possibly late or again.
func (w *world) confirm() {
	if len(w.orders) > 0 {
		w.answer(w.orders[w.rand.IntN(len(w.orders))])
	}
}

func (w *world) answer(o order) {
	w.answered[o] = true
	if o.remove {
		w.do(holdings.ConfirmRemoved{GrantID: o.grant, Turn: o.turn})
	} else {
		w.do(holdings.ConfirmActive{GrantID: o.grant, Turn: o.turn})
	}
}

// follows notes what a target is told because of an event, and that nothing is
// there while it is suspended.
func (w *world) follows(e proto.Message) {
	w.t.Helper()
	switch e := e.(type) {
	case *accessv1.GrantIssued:
		w.orders = append(w.orders, order{grant: e.GetGrantId()})
	case *accessv1.GrantSuspended:
		w.down[e.GetGrantId()] = true
		w.orders = append(w.orders, order{e.GetGrantId(), true, e.GetTurn()})
	case *accessv1.GrantReinstated:
		w.down[e.GetGrantId()] = false
		w.orders = append(w.orders, order{e.GetGrantId(), false, e.GetTurn()})
	case *accessv1.GrantRevoked:
		w.down[e.GetGrantId()] = false
		o := order{e.GetGrantId(), true, e.GetTurn()}
		if slices.Contains(w.orders, o) {
			w.t.Errorf("the removal of %s was ordered before its end", e.GetGrantId())
		}
		w.orders = append(w.orders, o)
	case *accessv1.GrantActivated:
		if w.down[e.GetGrantId()] {
			w.t.Errorf("%s is active and suspended", e.GetGrantId())
		}
	}
}

// settle lets the person leave and every target answer.
func (w *world) settle() {
	w.position++
	w.employed = false
	before := w.cleared
	w.do(leaves(w.position, w.day()))
	for _, o := range w.orders {
		w.answer(o)
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
		w.follows(e)
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
		w.shown(id, g)
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

// shown expects that a grant is what was last decided of it, and that what is
// confirmed is what a target answered to that very decision.
func (w *world) shown(id string, g holdings.Grant) {
	w.t.Helper()
	if g.Suspended() != w.down[id] {
		w.t.Errorf("%s has status %d, suspended %v", id, g.Status, w.down[id])
	}
	switch g.Status {
	case holdings.Active:
		if !w.answered[order{id, false, g.Turn}] {
			w.t.Errorf("%s is active in turn %d, which no target has shown", id, g.Turn)
		}
	case holdings.Suspended, holdings.Removed:
		if !w.answered[order{id, true, g.Turn}] {
			w.t.Errorf("%s is gone in turn %d, which no target has shown", id, g.Turn)
		}
	case holdings.Issued, holdings.Suspending, holdings.Revoking: // nothing is claimed of the target
	}
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
