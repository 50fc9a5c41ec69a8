package rpc

import (
	"context"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/pack"
)

// ValidatePack says whether cases could go by a pack. It records nothing.
func (s *Server) ValidatePack(_ context.Context, r *policyv1.ValidatePackRequest) (*policyv1.ValidatePackResponse, error) {
	answer := &policyv1.ValidatePackResponse{}
	_, problems := pack.Parse(r.GetBody())
	for _, p := range problems {
		answer.Problems = append(answer.Problems, &policyv1.PackProblem{
			Line: int32(p.Line), Column: int32(p.Column), Message: p.Message, MessageZh: p.MessageZH,
		})
	}
	return answer, nil
}
