package rpc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/approval/internal/domain/authority"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
)

// A page of cases, unless the caller says how many.
const (
	defaultPage = 100
	maxPage     = 1000
)

// The refusals of a list.
var (
	ErrScope = fault.New(fault.Forbidden, "APPROVAL_SCOPE",
		"The scope is mine or asked, or all for the roles access-admin and auditor.", "范围为 mine 或 asked；具有 access-admin 或 auditor 角色者可用 all。")
	ErrCursor = fault.New(fault.Invalid, "CURSOR_INVALID",
		"The cursor is not one that a list gave; begin again without it.", "翻页标记无效，请去掉后重新查询。")
)

// cursor is the last case of a page; opaque to the caller.
type cursor struct {
	Due  *time.Time `json:"due,omitempty"`
	Case string     `json:"case"`
}

// ListApprovals lists cases, those that are due first before others.
func (s *Server) ListApprovals(ctx context.Context, r *approvalv1.ListApprovalsRequest) (*approvalv1.ListApprovalsResponse, error) {
	caller, _ := authz.From(ctx)
	selection, ok, err := s.selected(ctx, caller, r)
	if err != nil || !ok {
		return &approvalv1.ListApprovalsResponse{}, err
	}
	limit := selection.Limit
	selection.Limit++ // one more tells whether there is another page
	keep, err := s.kept(ctx, caller, selection)
	if err != nil {
		return nil, err
	}
	var found []readmodel.Case
	for {
		page, err := readmodel.List(ctx, s.Pool, selection)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			switch ok, err := keep(c); {
			case err != nil:
				return nil, err
			case ok:
				found = append(found, c)
			}
		}
		if len(page) < selection.Limit || len(found) > limit {
			break
		}
		last := page[len(page)-1]
		selection.After, selection.AfterDue = last.ID, last.DueAt
	}
	answer := &approvalv1.ListApprovalsResponse{}
	if len(found) > limit {
		found = found[:limit]
		b, _ := json.Marshal(cursor{found[limit-1].DueAt, found[limit-1].ID}) // cannot fail
		answer.Next = base64.RawURLEncoding.EncodeToString(b)
	}
	for _, c := range found {
		answer.Items = append(answer.Items, shown(c))
	}
	return answer, nil
}

// selected reads a request; ok is false if nothing can be found.
func (s *Server) selected(ctx context.Context, caller authz.Caller, r *approvalv1.ListApprovalsRequest) (selection readmodel.Selection, ok bool, err error) {
	selection = readmodel.Selection{Closed: r.GetIncludeClosed(), Limit: defaultPage}
	if n := int(r.GetLimit()); n > 0 {
		selection.Limit = min(n, maxPage)
	}
	if r.GetAfter() != "" {
		var c cursor
		b, err := base64.RawURLEncoding.DecodeString(r.GetAfter())
		if err != nil || json.Unmarshal(b, &c) != nil || c.Case == "" {
			return selection, false, ErrCursor
		}
		selection.After, selection.AfterDue = c.Case, c.Due
	}
	switch scope := r.GetScope(); {
	case scope == "all" && seesAll(caller):
		return selection, true, nil
	case scope == "asked":
		selection.Concerning = caller.Person
	case scope == "mine" || scope == "":
		selection.Closed = false
		actsFor, err := s.actsFor(ctx, caller.Person, never)
		if err != nil {
			return selection, false, err
		}
		selection.WaitingFor = append([]string{caller.Person}, actsFor...)
	default:
		return selection, false, ErrScope.With("scope", scope)
	}
	return selection, caller.Person != "", nil
}

// kept tells of what waits for the caller or those whom the caller represents
// whether the caller may sign it: whoever asks bars the chains that go through
// them.
func (s *Server) kept(ctx context.Context, caller authz.Caller, selection readmodel.Selection) (func(readmodel.Case) (bool, error), error) {
	if len(selection.WaitingFor) == 0 {
		return func(readmodel.Case) (bool, error) { return true, nil }, nil
	}
	now := s.Clock.Now()
	all, err := readmodel.Delegations(ctx, s.Pool, now)
	if err != nil {
		return nil, err
	}
	return func(c readmodel.Case) (bool, error) {
		if own(c)(caller.Person) || len(selection.WaitingFor) == 1 {
			return !own(c)(caller.Person), nil
		}
		self := append([]string{caller.Person}, authority.ActsFor(caller.Person, now, links(all), own(c))...)
		return readmodel.Waits(ctx, s.Pool, c.ID, self)
	}, nil
}
