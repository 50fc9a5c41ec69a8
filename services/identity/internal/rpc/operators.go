package rpc

import (
	"context"
	"errors"
	"slices"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/credential"
	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// ErrTold says that a secret that is told once was told already, or got lost
// on the way.
var ErrTold = fault.New(fault.Conflict, "SECRET_TOLD_ONCE",
	"This command was carried out before and its secret is told only once; issue a new one with a new command id.",
	"该命令已执行，其口令仅告知一次；请换用新的命令编号重新发放。")

// IssueCredential hands out an initial password for an account (IDN-051).
func (s *Server) IssueCredential(ctx context.Context, r *identityv1.IssueCredentialRequest) (*identityv1.IssueCredentialResponse, error) {
	roles, err := s.still(ctx, account.Admin, account.HR)
	if err != nil {
		return nil, err
	}
	password := credential.NewPassword()
	id, err := s.Credentials.Put(ctx, password)
	if err != nil {
		return nil, err
	}
	result, err := servicekit.Execute(ctx, s.Platform, account.Decider, account.Stream(r.GetAccount()), r,
		account.Command(account.IssueCredential{CredentialID: id, MustChange: true, ByAdmin: slices.Contains(roles, account.Admin)}))
	if err != nil {
		return nil, named(err, r.GetAccount())
	}
	if result.Replayed {
		return nil, ErrTold
	}
	s.consequences(ctx, result.Last)
	return &identityv1.IssueCredentialResponse{Account: r.GetAccount(), Password: password, Position: result.Last}, nil
}

// AddOperator makes an account for somebody who runs Ostiary.
func (s *Server) AddOperator(ctx context.Context, r *identityv1.AddOperatorRequest) (*identityv1.AddOperatorResponse, error) {
	if _, err := s.still(ctx, account.Admin); err != nil {
		return nil, err
	}
	people, err := readmodel.Known(ctx, s.Platform.Pool, []string{r.GetUser()})
	if err != nil {
		return nil, err
	}
	if people[r.GetUser()] {
		return nil, account.ErrExists.With("account", r.GetUser())
	}
	password := credential.NewPassword()
	id, err := s.Credentials.Put(ctx, password)
	if err != nil {
		return nil, err
	}
	result, err := servicekit.Execute(ctx, s.Platform, account.Decider, account.Stream(r.GetUser()), r,
		account.Command(account.AddOperator{
			PersonID: "per_" + newID(), Account: r.GetUser(), Roles: r.GetRoles(), CredentialID: id, MustChange: true, Reason: "added by an administrator",
		}))
	if err != nil {
		return nil, err
	}
	if result.Replayed {
		return nil, ErrTold
	}
	s.consequences(ctx, result.Last)
	return &identityv1.AddOperatorResponse{
		User: r.GetUser(), Password: password, Roles: slices.Compact(slices.Sorted(slices.Values(r.GetRoles()))), Position: result.Last,
	}, nil
}

// SetOperatorRoles replaces the product roles of an account.
func (s *Server) SetOperatorRoles(ctx context.Context, r *identityv1.SetOperatorRolesRequest) (*identityv1.SetOperatorRolesResponse, error) {
	answer := &identityv1.SetOperatorRolesResponse{Account: r.GetAccount(), Roles: slices.Compact(slices.Sorted(slices.Values(r.GetRoles())))}
	// One after the other: two administrators who relieve each other at the
	// same moment would leave nobody.
	err := s.operators.Hold(ctx, func() error {
		if _, err := s.still(ctx, account.Admin); err != nil {
			return err
		}
		if err := s.caughtUp(ctx); err != nil {
			return err
		}
		others, err := readmodel.Holders(ctx, s.Platform.Pool, account.Admin, r.GetAccount())
		if err != nil {
			return err
		}
		result, err := servicekit.Execute(ctx, s.Platform, account.Decider, account.Stream(r.GetAccount()), r,
			account.Command(account.SetRoles{Roles: r.GetRoles(), Reason: "set by an administrator", OtherAdmins: len(others)}))
		answer.Position = result.Last
		return err
	})
	if err != nil {
		return nil, named(err, r.GetAccount())
	}
	s.consequences(ctx, answer.GetPosition())
	return answer, nil
}

// still returns the roles that the caller has at this moment, and refuses one who
// has none of those given: a token tells of a role for some minutes after it was
// taken away, which must not be enough to take it back.
func (s *Server) still(ctx context.Context, oneOf ...string) ([]string, error) {
	caller, _ := authz.From(ctx)
	a, _, err := eventstore.Load(ctx, s.Platform.Journal, account.Decider, account.Stream(caller.Account))
	if err != nil {
		return nil, err
	}
	if a.Status != account.Active || !slices.ContainsFunc(oneOf, func(role string) bool { return slices.Contains(a.Roles, role) }) {
		return nil, authz.ErrForbidden
	}
	return a.Roles, nil
}

// named adds to the refusal of an unknown account which one was asked for: the
// account itself, being none, cannot say.
func named(err error, asked string) error {
	if errors.Is(err, account.ErrUnknown) {
		return account.ErrUnknown.With("account", asked)
	}
	return err
}
