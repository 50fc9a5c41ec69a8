package rpc

import (
	"context"
	"strings"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// ErrUnitHeadUnknown says that it cannot be told who heads a unit.
var ErrUnitHeadUnknown = fault.New(fault.NotFound, "UNIT_HEAD_UNKNOWN",
	"It is not known who heads this unit: no member, or several, report to somebody outside it. State the head in the pack under units.",
	"无法确定该部门负责人：没有或有多名成员向部门外汇报。请在策略包的 units 中写明负责人。")

// FindUnitHead finds who heads a unit: whom HR named, else by where supervisors
// sit (IDN-009).
func (s *Server) FindUnitHead(ctx context.Context, r *identityv1.FindUnitHeadRequest) (*identityv1.FindUnitHeadResponse, error) {
	named, err := readmodel.NamedHead(ctx, s.Platform.Pool, r.GetUnit())
	if err != nil {
		return nil, err
	}
	if named != "" {
		return &identityv1.FindUnitHeadResponse{EmployeeNumber: named}, nil
	}
	heads, err := readmodel.Heads(ctx, s.Platform.Pool, r.GetUnit())
	if err != nil {
		return nil, err
	}
	if len(heads) != 1 {
		return nil, ErrUnitHeadUnknown.With("unit", strings.Join(r.GetUnit(), "/"))
	}
	return &identityv1.FindUnitHeadResponse{EmployeeNumber: heads[0]}, nil
}
