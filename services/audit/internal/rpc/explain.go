package rpc

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/authz"
)

const access = "access-request"

// ExplainAccess walks from every event of the newest grant of a role, and from
// what kept it back, the newest first, back to its first cause. Every link can
// be read in history (AUD-003, ACR-008).
func (s *Server) ExplainAccess(ctx context.Context, r *auditv1.ExplainAccessRequest) (*auditv1.ExplainAccessResponse, error) {
	application, role, ok := strings.Cut(r.GetRole(), "/")
	if !ok || application == "" || role == "" {
		return nil, ErrRole.With("role", r.GetRole())
	}
	if err := admit(ctx, r); err != nil {
		return nil, err
	}
	grant, err := s.newestGrant(ctx, r.GetEmployeeNumber(), r.GetRole())
	if err != nil {
		return nil, err
	}
	person := grant.GetPersonId()
	if grant == nil {
		s.current(ctx)
		if person, err = s.book.Person(ctx, r.GetEmployeeNumber()); err != nil {
			return nil, err
		}
	}
	keptBack := false
	own, err := s.eventsOf(ctx, person, func(e *runtimev1.HistoryEvent) bool {
		f := fieldsOf(e)
		about := f.Application == application && f.Role == role
		keptBack = keeps(e, about, keptBack)
		return grant != nil && f.GrantID == grant.GetGrantId() || about && (is[*accessv1.BirthrightWithheld](e) || is[*accessv1.WithheldBirthrightLapsed](e))
	})
	if err != nil {
		return nil, err
	}
	if len(own) == 0 {
		return nil, ErrGrantUnknown.With("employee_number", r.GetEmployeeNumber()).With("role", r.GetRole())
	}
	response := &auditv1.ExplainAccessResponse{GrantId: grant.GetGrantId(), State: grant.GetState()}
	switch {
	case keptBack:
		response.State = stateWithheld
	case grant == nil:
		response.State = stateNone
	}
	seen := map[string]bool{}
	for _, e := range own {
		if response.Links, err = s.walk(ctx, e, seen, response.Links); err != nil {
			return nil, err
		}
	}
	return response, nil
}

// admit lets whoever has no role for it ask about themselves alone; no employee
// number means the caller's.
func admit(ctx context.Context, r *auditv1.ExplainAccessRequest) error {
	caller, _ := authz.From(ctx)
	if r.GetEmployeeNumber() == "" && caller.Person != "" {
		r.EmployeeNumber = caller.Account
	}
	if r.GetEmployeeNumber() == "" {
		return ErrPersonUnknown
	}
	if caller.Is("auditor") || caller.Is("access-admin") || caller.Is("hr") || caller.Person != "" && r.GetEmployeeNumber() == caller.Account {
		return nil
	}
	return ErrOthersAccess
}

// The states of a role beside those of a grant.
const (
	stateWithheld = "withheld" // a duty rule keeps it back
	stateNone     = "none"     // it is not kept back any more, and was never held
)

// keeps tells whether a duty rule keeps the role back after an event, told
// whether it did before. As in access-request, what is kept back is kept back
// for a post: the next one, or none, begins anew (ACR-030).
func keeps(e *runtimev1.HistoryEvent, about, before bool) bool {
	switch {
	case is[*accessv1.PostNoted](e):
		return false
	case about && (is[*accessv1.GrantIssued](e) || is[*accessv1.WithheldBirthrightLapsed](e)):
		return false
	case about && is[*accessv1.BirthrightWithheld](e):
		return true
	default:
		return before
	}
}

// is tells whether an event is of a type.
func is[M proto.Message](e *runtimev1.HistoryEvent) bool {
	var m M
	return e.GetType() == string(m.ProtoReflect().Descriptor().FullName())
}

// newestGrant is the newest grant of a role, nil if there never was one.
func (s *Server) newestGrant(ctx context.Context, employeeNumber, role string) (*accessv1.Grant, error) {
	client := accessv1.NewAccessRequestServiceClient(s.platform.Dial(access))
	request := &accessv1.ListGrantsRequest{EmployeeNumber: employeeNumber, Role: role, IncludeRemoved: true}
	var newest *accessv1.Grant
	for {
		r, err := client.ListGrants(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, g := range r.GetItems() {
			if newest == nil || g.GetIssuedPosition() > newest.GetIssuedPosition() {
				newest = g
			}
		}
		if request.After = r.GetNext(); request.After == "" {
			return newest, nil
		}
	}
}

// eventsOf returns the events about a person's rights that are wanted, newest
// first.
func (s *Server) eventsOf(ctx context.Context, person string, wanted func(*runtimev1.HistoryEvent) bool) ([]*runtimev1.HistoryEvent, error) {
	var events []*runtimev1.HistoryEvent
	for after := int64(0); ; {
		r, err := s.sources[access].ReadHistory(ctx, &runtimev1.ReadHistoryRequest{Service: access, Stream: "holdings-" + person, After: after})
		if err != nil {
			return nil, err
		}
		for _, e := range r.GetEvents() {
			if after = e.GetVersion(); wanted(e) {
				events = append(events, e)
			}
		}
		if len(r.GetEvents()) == 0 {
			slices.Reverse(events)
			return events, nil
		}
	}
}
