package company

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// seenGrant is a grant as its events tell it.
type seenGrant struct {
	id, number, role, request string
	asked, live, suspended    bool
	until                     time.Time // zero: no end
}

// seenCase is a case as its events tell it.
type seenCase struct {
	id             string
	by, of         *approvalv1.Party
	role, digest   string
	state          string
	step, quorum   int32
	seats          []*approvalv1.Seat
	late           *approvalv1.Seat
	filled         map[int32]string          // of the step, by seat
	signers        map[int32]map[string]bool // of every step
	direct         bool
	granted, ended bool
}

// seenRequest is a request as its events tell it.
type seenRequest struct{ id, of, role, kase, state string }

// witness is one company as the histories tell it.
type witness struct {
	mu      sync.Mutex
	changed chan struct{}
	broken  []string // laws, with what broke them

	ids      map[string]string // person ids by number
	works    map[string]bool
	posted   map[string]string // how a person works
	departed map[string]bool   // by the holdings
	outcomes map[string]string // outcome of an HR event, by its id
	grants   map[string]*seenGrant
	given    []*seenGrant // what followed from requests: grants, and later ends
	requests map[string]*seenRequest
	cases    map[string]*seenCase
	links    map[string]link // delegations by id
	target   map[string]bool // "number role"
	position map[string]int64
	counts   map[string]int // of what came about
}

// link is one delegation.
type link struct {
	of, to      string
	from, until time.Time
}

func newWitness() *witness {
	return &witness{
		changed: make(chan struct{}), ids: map[string]string{}, works: map[string]bool{}, posted: map[string]string{}, departed: map[string]bool{},
		outcomes: map[string]string{}, grants: map[string]*seenGrant{}, requests: map[string]*seenRequest{}, cases: map[string]*seenCase{},
		links: map[string]link{}, target: map[string]bool{}, position: map[string]int64{}, counts: map[string]int{},
	}
}

// sees takes in an event.
func (w *witness) sees(service string, f eventstore.Fact) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count(f)
	switch service {
	case "identity":
		w.identity(f)
	case "access-request":
		w.holdings(f)
	case "approval":
		w.approval(f)
	case "provisioning":
		w.provisioning(f)
	}
	w.position[service] = f.Position
	close(w.changed)
	w.changed = make(chan struct{})
}

// count counts what came about, to show that a history had something of
// everything.
func (w *witness) count(f eventstore.Fact) {
	if f.Message == nil {
		return
	}
	w.counts[string(f.Message.ProtoReflect().Descriptor().Name())]++
	if e, ok := f.Message.(interface{ GetSignature() *approvalv1.Signature }); ok && e.GetSignature().GetOnBehalfOf() != nil {
		w.counts["signature of a deputy"]++
	}
}

func (w *witness) identity(f eventstore.Fact) {
	posted := func(number string, p *identityv1.Post) {
		position := strings.TrimRight(p.GetPosition(), "0123456789")
		w.posted[number] = fmt.Sprintf("works as %s team=%t under %q book=%t", position, len(p.GetUnit()) == 3, p.GetSupervisor(), p.GetAttributes()["book"] == "yes")
	}
	switch e := f.Message.(type) {
	case *identityv1.PersonRegistered:
		w.ids[e.GetEmployeeNumber()] = e.GetPersonId()
	case *identityv1.EmploymentStarted:
		w.works[e.GetEmployeeNumber()] = true
		posted(e.GetEmployeeNumber(), e.GetPost())
	case *identityv1.PostChanged:
		posted(e.GetEmployeeNumber(), e.GetPost())
	case *identityv1.EmploymentEnded:
		w.works[e.GetEmployeeNumber()] = false
		w.posted[e.GetEmployeeNumber()] = "gone"
	case *identityv1.HrEventApplied:
		w.outcomes[e.GetEventId()] = "applied"
	case *identityv1.HrEventQuarantined:
		w.outcomes[e.GetEventId()] = e.GetRefusal()
	}
}

func (w *witness) holdings(f eventstore.Fact) {
	w.heldBefore(f)
	switch e := f.Message.(type) {
	case *accessv1.PostNoted:
		w.departed[e.GetEmployeeNumber()] = !e.GetEmployed()
	case *accessv1.GrantIssued:
		w.grants[e.GetGrantId()] = &seenGrant{
			id: e.GetGrantId(), number: e.GetEmployeeNumber(), role: e.GetRole(), request: e.GetRequestId(), asked: e.GetKind() != "birthright",
			live: true, until: instant(e.GetValidUntil()),
		}
		w.became(e.GetRequestId(), "given")
		w.issued(f, w.grants[e.GetGrantId()])
		if g := w.grants[e.GetGrantId()]; g.asked {
			w.given = append(w.given, g)
		}
	case *accessv1.GrantRenewed:
		w.grants[e.GetGrantId()].until = instant(e.GetValidUntil())
		w.given = append(w.given, &seenGrant{id: e.GetGrantId(), number: e.GetEmployeeNumber(), role: e.GetRole(), request: e.GetRequestId()})
		w.became(e.GetRequestId(), "given")
	case *accessv1.GrantSuspended:
		w.grants[e.GetGrantId()].suspended = true
	case *accessv1.GrantReinstated:
		w.grants[e.GetGrantId()].suspended = false
		w.issued(f, w.grants[e.GetGrantId()])
	case *accessv1.GrantRevoked:
		w.grants[e.GetGrantId()].live = false
	case *accessv1.GrantExpired:
		w.grants[e.GetGrantId()].live = false
	case *accessv1.AccessRequested:
		w.requests[e.GetRequestId()] = &seenRequest{id: e.GetRequestId(), of: e.GetEmployeeNumber(), role: e.GetRole(), state: "asked"}
	case *accessv1.AccessApprovalRequired:
		w.requests[e.GetRequestId()].kase = e.GetAsk().GetCaseId()
	case *accessv1.AccessRequestApproved:
		w.became(e.GetRequestId(), "given")
		if e.GetBeginsAt() != nil {
			w.became(e.GetRequestId(), "begins")
		}
	case *accessv1.AccessRequestFulfilled:
		w.became(e.GetRequestId(), "given")
	case *accessv1.AccessRequestPostponed:
		w.became(e.GetRequestId(), "postponed")
	case *accessv1.AccessRequestReturned:
		w.became(e.GetRequestId(), "returned")
	case *accessv1.AccessRequestRefused:
		w.became(e.GetRequestId(), "over")
	case *accessv1.AccessRequestWithdrawn:
		w.became(e.GetRequestId(), "over")
	}
}

func (w *witness) became(request, state string) {
	if r := w.requests[request]; r != nil {
		r.state = state
	}
}

func (w *witness) approval(f eventstore.Fact) {
	switch e := f.Message.(type) {
	case *approvalv1.ApprovalCaseOpened:
		a := e.GetAsk()
		w.cases[a.GetCaseId()] = &seenCase{
			id: a.GetCaseId(), by: a.GetRequester(), of: a.GetBeneficiary(), role: a.GetRole().GetRole(), digest: a.GetDigest(), signers: map[int32]map[string]bool{},
		}
		return
	case *approvalv1.DeputyNamed:
		w.links[e.GetDelegationId()] = link{e.GetEmployeeNumber(), e.GetDeputy().GetEmployeeNumber(), e.GetFrom().AsTime(), e.GetUntil().AsTime()}
		return
	case *approvalv1.DeputyEnded:
		delete(w.links, e.GetDelegationId())
		return
	}
	of, ok := f.Message.(interface{ GetCaseId() string })
	if !ok {
		return
	}
	c := w.cases[of.GetCaseId()]
	if c == nil {
		w.breaks("%s of a case that was not opened", f.Type)
		return
	}
	if c.ended {
		w.breaks("%s after the outcome of %s", f.Type, c.id)
	}
	switch e := f.Message.(type) {
	case *approvalv1.ApprovalStepAssigned:
		if e.GetStep() != c.step {
			c.filled, c.signers[e.GetStep()] = map[int32]string{}, map[string]bool{}
		}
		c.state, c.step, c.quorum, c.seats, c.late = "open", e.GetStep(), e.GetQuorum(), e.GetSeats(), nil
	case *approvalv1.ApprovalStepReassigned:
		c.seats = e.GetSeats()
	case *approvalv1.ApprovalStepEscalated:
		c.late = e.GetTo()
	case *approvalv1.ApprovalStepApproved:
		w.signed(c, e.GetSignature(), e.GetSeat())
		c.filled[e.GetSeat()] = e.GetSignature().GetSigner().GetEmployeeNumber()
	case *approvalv1.ApprovalStepRefused:
		w.signed(c, e.GetSignature(), -1)
	case *approvalv1.LeadershipAuthorisationGiven:
		w.authorised(c, e.GetSignature())
		c.direct = true
	case *approvalv1.ApprovalPostponed:
		w.signed(c, e.GetSignature(), -1)
		c.state = "postponed"
	case *approvalv1.ApprovalReturned:
		w.signed(c, e.GetSignature(), -1)
		c.state, c.ended = "returned", true
	case *approvalv1.ApprovalGranted:
		c.state, c.ended, c.granted = "granted", true, true
	case *approvalv1.ApprovalRefused:
		c.state, c.ended = "refused", true
	case *approvalv1.ApprovalCancelled:
		c.state, c.ended = "cancelled", true
	case *approvalv1.ApprovalLapsed:
		c.state, c.ended = "lapsed", true
	}
}

func (w *witness) provisioning(f eventstore.Fact) {
	e, ok := f.Message.(*provisioningv1.ProvisioningCompleted)
	if !ok {
		return
	}
	right := e.GetEmployeeNumber() + " " + e.GetRole()
	delete(w.target, right)
	if e.GetReadBack().GetMember() {
		w.target[right] = true
		w.stands(e.GetEmployeeNumber(), e.GetRole())
	}
}

// picture is the company as it is seen.
func (w *witness) picture() map[string]string {
	all := map[string]string{}
	for number, how := range w.posted {
		all["person "+number] = how
	}
	for _, g := range w.grants {
		if g.live {
			all["right "+g.number+" "+g.role] = showRight(g.asked, g.until, g.suspended)
		}
	}
	for right := range w.target {
		all["target "+right] = "member"
	}
	for id, r := range w.requests {
		all["request "+id] = r.state
		if c := w.cases[r.kase]; c != nil {
			all["case "+id] = showCase(c.state, int(c.step), c.late != nil, slices.Collect(maps.Values(c.filled)))
		}
	}
	return all
}

func instant(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
