package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// A page of a list, unless the caller says how many.
const (
	defaultPage = 500
	maxPage     = 5000
)

// ErrCursor says that a list cannot go on from there. The cursor is the last
// name of the page before.
var ErrCursor = fault.New(fault.Invalid, "CURSOR_INVALID",
	"The cursor is not one that a list gave; begin again without it.", "翻页标记无效，请去掉后重新查询。")

// ListOperators lists who has, or had, power over Ostiary.
func (s *Server) ListOperators(ctx context.Context, r *identityv1.ListOperatorsRequest) (*identityv1.ListOperatorsResponse, error) {
	operators, next, err := page(r, func(limit int) ([]readmodel.Operator, error) {
		return readmodel.ListOperators(ctx, s.Platform.Pool, r.GetAfter(), limit)
	}, func(o readmodel.Operator) string { return o.Account })
	if err != nil {
		return nil, err
	}
	answer := &identityv1.ListOperatorsResponse{Next: next}
	for _, o := range operators {
		item := &identityv1.OperatorAccount{
			Account: o.Account, Kind: o.Kind, State: o.State, Since: timestamppb.New(o.Since), Roles: o.Roles, Credential: credentialState(o),
		}
		if o.RolesSince != nil {
			item.RolesSince = timestamppb.New(*o.RolesSince)
		}
		answer.Items = append(answer.Items, item)
	}
	return answer, nil
}

func credentialState(o readmodel.Operator) string {
	switch {
	case !o.Password:
		return "none"
	case o.MustChange:
		return "initial"
	}
	return "own"
}

// ListClients lists the outside systems that may use a feed.
func (s *Server) ListClients(ctx context.Context, r *identityv1.ListClientsRequest) (*identityv1.ListClientsResponse, error) {
	clients, next, err := page(r, func(limit int) ([]readmodel.Client, error) {
		return readmodel.ListClients(ctx, s.Platform.Pool, r.GetAfter(), limit)
	}, func(c readmodel.Client) string { return c.Name })
	if err != nil {
		return nil, err
	}
	answer := &identityv1.ListClientsResponse{Next: next}
	for _, c := range clients {
		answer.Items = append(answer.Items, &identityv1.Client{Name: c.Name, Feed: c.Feed, Source: c.Source, Since: timestamppb.New(c.Since)})
	}
	return answer, nil
}

// page reads a page and the cursor of the next one, "" if it is the last.
func page[T any](r interface {
	GetLimit() int32
	GetAfter() string
}, read func(limit int) ([]T, error), name func(T) string,
) (items []T, next string, err error) {
	if after := r.GetAfter(); after != "" && !account.ValidName(after) {
		return nil, "", ErrCursor
	}
	limit := defaultPage
	if r.GetLimit() > 0 {
		limit = min(int(r.GetLimit()), maxPage)
	}
	items, err = read(limit + 1) // one more tells whether there is another page
	if err == nil && len(items) > limit {
		items = items[:limit]
		next = name(items[limit-1])
	}
	return items, next, err
}
