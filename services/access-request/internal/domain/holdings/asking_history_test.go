package holdings_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// asker is one person who asks, moves, leaves and comes back while signers
// decide and time passes, all by chance.
type asker struct {
	*rand.Rand
	t        *testing.T
	state    holdings.State
	now      time.Time
	position int64 // of identity
	names    int
	employed bool
	// granted are the cases that signers have granted.
	granted map[string]bool
	// gives are the roles that the post gives, in the order of the matrix.
	gives []string
	// freed are grants whose removal is confirmed and did not let anything through
	// yet: other things may happen in between.
	freed []string
}

// pairs are roles that nobody holds together; role4 is free.
var pairs = []holdings.DutyRule{
	{ID: "one", Apart: []string{"orders/role0", "orders/role1"}}, {ID: "two", Apart: []string{"orders/role1", "orders/role2", "orders/role3"}},
}

// A hundred thousand commands: nothing is given without its signatures, nothing
// is there together at any instant that a rule keeps apart, no grant outlives its
// end or its person, and once everything is confirmed nothing is missing that the
// post gives and no rule keeps back.
//
// Covers: ACR-008, ACR-030, ACR-060, ACR-070, APR-001
func TestRandomRequestsKeepTheInvariants(t *testing.T) {
	t.Parallel()
	for seed := range testkit.Count(2000) {
		a := &asker{Rand: rand.New(rand.NewPCG(uint64(seed), 7)), t: t, now: noon, granted: map[string]bool{}}
		for n := range 50 {
			a.step()
			if t.Failed() {
				t.Fatalf("seed %d, command %d", seed, n)
			}
		}
		if a.settle(); t.Failed() {
			t.Fatalf("seed %d after settling", seed)
		}
	}
}

func (a *asker) step() {
	switch a.IntN(16) {
	case 0:
		if a.IntN(3) > 0 {
			return // few leave
		}
		a.position++
		a.employed = false
		a.do(leaves(a.position, a.now))
	case 1, 2:
		if a.employed && a.IntN(2) == 0 {
			return
		}
		a.position++
		a.employed = true
		a.do(a.post())
	case 3, 4, 5:
		a.do(a.ask())
	case 6, 7, 8:
		a.decide()
	case 9:
		if q := a.any(); q != "" {
			a.do(holdings.WithdrawRequest{RequestID: q})
		}
	case 10:
		a.confirm()
	case 13, 14:
		a.letThrough()
	case 11, 12:
		a.govern()
	default:
		a.now = a.now.Add(time.Duration(a.IntN(60*24)) * time.Hour)
		a.due()
	}
}

// post is where the person works now, in this unit or another; it may bring what
// the rules keep apart.
func (a *asker) post() holdings.NotePost {
	a.gives = nil
	for _, role := range a.Perm(5)[:a.IntN(4)] {
		a.gives = append(a.gives, fmt.Sprintf("role%d", role))
	}
	c := engineer(a.position, a.now, fmt.Sprintf("P%d", a.IntN(3)), packOne, a.birthrights()...)
	c.Duties, c.Unit = pairs, []string{"总部", fmt.Sprintf("%d部", a.IntN(16)/15)}
	return c
}

func (a *asker) birthrights() (due []holdings.Birthright) {
	for _, role := range a.gives {
		a.names++
		due = append(due, right(role, fmt.Sprintf("grt_b%05d", a.names)))
	}
	return due
}

func (a *asker) ask() holdings.SubmitRequest {
	a.names++
	id := fmt.Sprintf("%05d", a.names)
	return asks(fmt.Sprintf("role%d", a.IntN(5)), func(c *holdings.SubmitRequest) {
		c.RequestID, c.CaseID, c.Number = "req_"+id, "case_"+id, "AR-"+id
		c.Now, c.Until, c.Duties = a.now, a.now.AddDate(0, 0, 1+a.IntN(90)), pairs
		c.Offer.Latest = a.now.AddDate(1, 0, 0)
		if a.IntN(3) == 0 {
			c.From = a.now.AddDate(0, 0, a.IntN(20))
		}
	})
}

// decide lets signers decide about some request, open or not, perhaps again.
func (a *asker) decide() {
	q := a.any()
	if q == "" {
		return
	}
	outcomes := []holdings.Outcome{
		holdings.OutcomeGranted, holdings.OutcomeGranted, holdings.OutcomeGranted, holdings.OutcomeGranted,
		holdings.OutcomeGranted, holdings.OutcomeGranted, holdings.OutcomeGranted, holdings.OutcomeRefused, holdings.OutcomeReturned, holdings.OutcomePostponed,
		holdings.OutcomeLapsed, holdings.OutcomeNoSigner, holdings.OutcomeOver,
	}
	a.sign(q, outcomes[a.IntN(len(outcomes))])
}

func (a *asker) sign(request string, o holdings.Outcome) {
	r := a.state.Requests[request]
	if o == holdings.OutcomeGranted {
		a.granted[r.Case] = true
	}
	a.names++
	role := r.Requested.GetRole()
	a.do(outcome(role, o, func(c *holdings.RecordOutcome) {
		c.CaseID, c.GrantID, c.Duties, c.Now, c.Until = r.Case, fmt.Sprintf("grt_%05d", a.names), pairs, a.now, a.now.AddDate(0, 0, 3)
		if a.IntN(20) == 0 {
			c.Offer = nil // the role has left the catalogue
		}
	}))
}

// any is some request, "" if there is none.
func (a *asker) any() string {
	all := slices.Sorted(maps.Keys(a.state.Requests))
	if len(all) == 0 {
		return ""
	}
	return all[a.IntN(len(all))]
}

// confirm plays a target that answers an order.
func (a *asker) confirm() {
	for _, id := range slices.Sorted(maps.Keys(a.state.Grants)) {
		if a.IntN(2) == 0 {
			continue
		}
		if g := a.state.Grants[id]; g.Live() && !g.Suspended() {
			a.do(holdings.ConfirmActive{GrantID: id, Turn: g.Turn})
		} else {
			a.do(holdings.ConfirmRemoved{GrantID: id, Turn: g.Turn})
			a.freed = append(a.freed, id)
		}
	}
}

// letThrough gives what removals have let through, as the service does after
// each, some time later.
func (a *asker) letThrough() {
	for _, id := range a.freed {
		f := a.state.Freed(id)
		for _, q := range f.Requests {
			a.begin(q)
		}
		for _, g := range f.Grants {
			a.do(holdings.EndSuspension{GrantID: g, Duties: pairs, Now: a.now})
		}
		if f.Birthrights {
			a.do(holdings.Realign{
				PostPosition: a.state.Post.GetSourcePosition(), Pack: packOne, Birthrights: a.birthrights(), Duties: pairs, Freed: a.now,
			})
		}
	}
	a.freed = nil
}

// settle lets some end, signs what is open, and confirms everything until
// nothing follows any more.
func (a *asker) settle() {
	if a.IntN(2) == 0 {
		a.now = a.now.AddDate(0, 0, a.IntN(60))
		a.due()
	}
	for _, q := range slices.Sorted(maps.Keys(a.state.Requests)) {
		if a.state.Requests[q].Open() {
			a.sign(q, holdings.OutcomeGranted)
		}
	}
	for round := 0; ; round++ {
		n := a.names
		a.letThrough()
		id, ok := removing(a.state)
		switch {
		case !ok && n == a.names:
			a.missing()
			return
		case round == 100:
			a.t.Fatal("removals follow from removals without end")
		case ok:
			a.do(holdings.ConfirmRemoved{GrantID: id, Turn: a.state.Grants[id].Turn})
			a.freed = append(a.freed, id)
		}
	}
}

// missing looks for what nothing keeps back any more and is not there: a right
// of the post, a request that waits, or a suspended grant that does.
func (a *asker) missing() {
	if !a.employed {
		return
	}
	held := roles(a.state)
	for _, role := range a.gives {
		apart := func(d holdings.DutyRule) bool {
			return slices.Contains(d.Apart, "orders/"+role) && slices.ContainsFunc(held, func(h string) bool { return slices.Contains(d.Apart, h) })
		}
		if !slices.Contains(held, "orders/"+role) && !slices.ContainsFunc(pairs, apart) {
			a.t.Errorf("%s is missing, which the post gives; %v are held", role, held)
		}
	}
	for id, q := range a.state.Requests {
		if q.Status == holdings.Approved && q.Delayed != nil && !q.BeginsAt.IsZero() {
			a.t.Errorf("%s waits for nothing", id)
		}
	}
	for id, g := range a.state.Grants {
		if g.Suspended() && g.Awaits != nil {
			a.t.Errorf("%s waits for nothing", id)
		}
	}
}

// begin is said when a request may begin.
func (a *asker) begin(request string) {
	a.names++
	role := a.state.Requests[request].Requested.GetRole()
	a.do(holdings.BeginGrant{
		RequestID: request, GrantID: fmt.Sprintf("grt_%05d", a.names), Offer: offered(role), Duties: pairs, Pack: packOne, Now: a.now,
	})
}

// govern suspends grants, some for a while, and reinstates others.
func (a *asker) govern() {
	for _, id := range slices.Sorted(maps.Keys(a.state.Grants)) {
		switch a.IntN(4) {
		case 0:
			c := holdings.SuspendGrant{GrantID: id, By: "per_9", Reason: "核查中", Now: a.now}
			if a.IntN(2) == 0 {
				c.Until = a.now.AddDate(0, 0, 1+a.IntN(40))
			}
			a.do(c)
		case 1:
			a.do(holdings.ReinstateGrant{GrantID: id, By: "per_9", Reason: "核查完毕", Duties: pairs, Now: a.now})
		}
	}
}

// due carries out what time has brought, as the deadlines do.
func (a *asker) due() {
	for _, id := range slices.Sorted(maps.Keys(a.state.Requests)) {
		a.begin(id)
	}
	for _, id := range slices.Sorted(maps.Keys(a.state.Grants)) {
		a.do(holdings.NoticeExpiry{GrantID: id, Now: a.now})
		a.do(holdings.EndSuspension{GrantID: id, Duties: pairs, Now: a.now})
		a.do(holdings.Expire{GrantID: id, Now: a.now})
	}
	for id, g := range a.state.Grants {
		if end := g.Issued.GetValidUntil(); g.Live() && end != nil && !end.AsTime().After(a.now) {
			a.t.Errorf("%s outlives its end", id)
		}
		if end := g.SuspendedUntil; g.Suspended() && g.Awaits == nil && !end.IsZero() && !end.After(a.now) {
			a.t.Errorf("the suspension of %s outlives its end", id)
		}
	}
}

func (a *asker) do(c holdings.Command) {
	a.t.Helper()
	events, err := holdings.Decide(a.state, c)
	if err != nil {
		return // refused; what that does not change is not looked at
	}
	for _, e := range events {
		a.given(e)
		a.state = holdings.Evolve(a.state, e)
	}
	a.check(c)
}

// given looks at a right at the moment at which it is given or goes on.
func (a *asker) given(e proto.Message) {
	a.t.Helper()
	request := ""
	switch e := e.(type) {
	case *accessv1.GrantIssued:
		request = e.GetRequestId()
		if request == "" && e.GetKind() != "birthright" {
			a.t.Errorf("%s is neither asked for nor a birthright", e.GetGrantId())
		}
	case *accessv1.GrantRenewed:
		request = e.GetRequestId()
	}
	if request == "" {
		return
	}
	if q := a.state.Requests[request]; !a.granted[q.Case] {
		a.t.Errorf("%s is given without its signatures", request)
	}
}

func (a *asker) check(c holdings.Command) {
	a.t.Helper()
	for id, g := range a.state.Grants {
		if g.Live() && !a.employed {
			a.t.Errorf("after %T: %s outlives its person", c, id)
		}
	}
	together(a.t, a.state, pairs)
	open := map[string]int{}
	for _, r := range a.state.Requests {
		if r.Open() {
			open[r.Requested.GetRole()]++
		}
	}
	for role, n := range open {
		if n > 1 || !a.employed {
			a.t.Errorf("after %T: %d requests of %s are open, employed %v", c, n, role, a.employed)
		}
	}
}
