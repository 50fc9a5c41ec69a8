package rpc

import (
	"context"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/access-request/internal/readmodel"
)

// ValidatePack says what a pack would change for the people who are here, and
// what speaks against it. It records nothing.
func (s *Server) ValidatePack(ctx context.Context, r *policyv1.ValidatePackRequest) (*policyv1.ValidatePackResponse, error) {
	p, problems := pack.Parse(r.GetBody())
	if len(problems) > 0 {
		response := &policyv1.ValidatePackResponse{}
		for _, problem := range problems {
			response.Problems = append(response.Problems, &policyv1.PackProblem{
				Line: int32(problem.Line), Column: int32(problem.Column), Message: problem.Message, MessageZh: problem.MessageZH,
			})
		}
		return response, nil
	}
	if err := s.Settle(ctx); err != nil {
		return nil, err
	}
	groups, err := readmodel.Groups(ctx, s.Pool)
	if err != nil {
		return nil, err
	}
	roles, err := readmodel.HeldRoles(ctx, s.Pool)
	if err != nil {
		return nil, err
	}
	outlook := foresee(p, groups)
	return &policyv1.ValidatePackResponse{
		Problems:    outlook.conflicts,
		Warnings:    vanished(p, roles),
		GrantsGiven: int32(outlook.given), GrantsTaken: int32(outlook.taken), GrantsHeld: int32(outlook.held),
	}, nil
}
