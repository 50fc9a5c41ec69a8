package rpc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/access-request/internal/readmodel"
)

// A page of grants, unless the caller says how many.
const (
	defaultPage = 500
	maxPage     = 5000
)

// The refusals of a list.
var (
	ErrRoleForm = fault.New(fault.Invalid, "ROLE_FORM",
		"Name a role as application/role, for example orders/reader.", "角色写作 应用/角色，例如 orders/reader。")
	ErrPersonUnknown = fault.New(fault.NotFound, "PERSON_NOT_FOUND",
		"Nobody has this employee number; check the number.", "没有此工号的人员，请核对工号。")
	ErrRoleUnknown = fault.New(fault.NotFound, "ROLE_UNKNOWN",
		"No pack in force has this role and nobody ever held it; see 'ostiary policy show'.", "现行策略包中没有此角色，也无人持有过；可用 ostiary policy show 查看。")
	ErrOthersGrants = fault.New(fault.Forbidden, "GRANTS_OF_OTHERS",
		"You are shown your own rights; those of others are for access-admin, auditor and hr.", "您只能查看本人的权限；他人的权限仅限 access-admin、auditor、hr 查看。")
	ErrNobodysGrants = fault.New(fault.Refused, "GRANTS_OF_NOBODY",
		"Your account is nobody's and holds nothing; say by employee number or role whose rights you mean.",
		"您的账号不属于任何人员，本身不持有权限；请以工号或角色指明要查看的权限。")
	ErrInstant = fault.New(fault.Invalid, "INSTANT_INVALID",
		"at and known_at must be instants between the years 1 and 9999.", "at 与 known_at 须为公元 1 年至 9999 年之间的时刻。")
	ErrCursor = fault.New(fault.Invalid, "CURSOR_INVALID",
		"The cursor is not one that a list gave; begin again without it.", "翻页标记无效，请去掉后重新查询。")
)

// ListGrants lists who holds what, now or at a past time.
func (s *Server) ListGrants(ctx context.Context, r *accessv1.ListGrantsRequest) (*accessv1.ListGrantsResponse, error) {
	selection, err := selected(r)
	if err != nil {
		return nil, err
	}
	if selection.EmployeeNumber, err = ofWhom(ctx, r); err != nil {
		return nil, err
	}
	limit := selection.Limit
	selection.Limit++ // one more tells whether there is another page
	grants, err := readmodel.List(ctx, s.Pool, selection)
	if err != nil {
		return nil, err
	}
	if len(grants) == 0 && selection.After == nil {
		if err := s.exists(ctx, selection); err != nil {
			return nil, err
		}
	}
	response := &accessv1.ListGrantsResponse{}
	if len(grants) > limit {
		grants = grants[:limit]
		response.Next = cursor(grants[limit-1].Key())
	}
	for _, g := range grants {
		response.Items = append(response.Items, shown(g))
	}
	return response, nil
}

// listGrants names, in its option, the services that work with what people hold.
var listGrants = accessv1.File_ostiary_accessrequest_v1_service_proto.Services().ByName("AccessRequestService").Methods().ByName("ListGrants")

// ofWhom is the employee number of whom the caller is shown the grants, "" for
// everybody: nobody sees what others hold but those whose work it is.
func ofWhom(ctx context.Context, r *accessv1.ListGrantsRequest) (string, error) {
	caller, _ := authz.From(ctx)
	switch {
	case caller.Service != "" && !authz.NamesService(listGrants, caller):
		return "", authz.ErrForbidden
	case !r.GetOwn() && (caller.Service != "" || seesAll(caller)):
		return r.GetEmployeeNumber(), nil
	}
	switch number := r.GetEmployeeNumber(); {
	case caller.Person == "" && number == "" && r.GetRole() == "":
		return "", ErrNobodysGrants
	case caller.Person == "":
		return "", ErrOthersGrants
	case number != "" && number != caller.Account:
		return "", ErrOthersGrants.With("employee_number", number)
	}
	return caller.Account, nil
}

// exists refuses to say "nothing" of a person or a role that nobody knows: an
// empty list is taken for a proof.
func (s *Server) exists(ctx context.Context, selection readmodel.Selection) error {
	if selection.EmployeeNumber != "" {
		switch known, err := readmodel.Known(ctx, s.Pool, selection.EmployeeNumber); {
		case err != nil:
			return err
		case !known:
			return ErrPersonUnknown.With("employee_number", selection.EmployeeNumber)
		}
	}
	if selection.Role == "" {
		return nil
	}
	rules, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	if rules.Pack != nil {
		if _, _, ok := rules.Pack.Role(pack.Grant{Application: selection.Application, Role: selection.Role}); ok {
			return nil
		}
	}
	given, err := readmodel.Given(ctx, s.Pool, selection.Application, selection.Role)
	if err == nil && !given {
		return ErrRoleUnknown.With("role", selection.Application+"/"+selection.Role)
	}
	return err
}

func selected(r *accessv1.ListGrantsRequest) (readmodel.Selection, error) {
	s := readmodel.Selection{EmployeeNumber: r.GetEmployeeNumber(), Removed: r.GetIncludeRemoved(), Limit: defaultPage}
	if r.GetLimit() > 0 {
		s.Limit = min(int(r.GetLimit()), maxPage)
	}
	if r.GetRole() != "" {
		var ok bool
		if s.Application, s.Role, ok = strings.Cut(r.GetRole(), "/"); !ok || s.Application == "" || s.Role == "" {
			return s, ErrRoleForm.With("role", r.GetRole())
		}
	}
	var err error
	if s.At, err = instant(r.GetAt()); err != nil {
		return s, err
	}
	if s.KnownAt, err = instant(r.GetKnownAt()); err != nil {
		return s, err
	}
	if r.GetAfter() != "" {
		s.After = new(readmodel.Key)
		b, err := base64.RawURLEncoding.DecodeString(r.GetAfter())
		if err != nil || json.Unmarshal(b, s.After) != nil {
			return s, ErrCursor
		}
	}
	return s, nil
}

func instant(t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if !t.IsValid() {
		return time.Time{}, ErrInstant
	}
	return t.AsTime(), nil
}

// cursor is opaque to the caller.
func cursor(k readmodel.Key) string {
	b, _ := json.Marshal(k) // strings cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

func shown(g readmodel.Grant) *accessv1.Grant {
	shown := &accessv1.Grant{
		EmployeeNumber: g.EmployeeNumber, Account: g.Account, Application: g.Application, Role: g.Role, GrantId: g.GrantID,
		Kind: g.Kind, State: g.State, ValidFrom: timestamppb.New(g.ValidFrom),
		Position: g.Position, IssuedPosition: g.IssuedPosition, PersonId: g.PersonID,
	}
	if g.ValidUntil != nil {
		shown.ValidUntil = timestamppb.New(*g.ValidUntil)
	}
	return shown
}
