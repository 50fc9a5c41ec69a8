package rpc

import (
	"context"
	"fmt"
	"maps"
	"slices"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// ValidatePack checks the part of a pack that identity decides by: sources,
// units, functions, clearance and the password profile. People who are not
// known yet are a warning: a pack may come before the first snapshot.
func (s *PackSubscriber) ValidatePack(ctx context.Context, r *policyv1.ValidatePackRequest) (*policyv1.ValidatePackResponse, error) {
	answer := &policyv1.ValidatePackResponse{}
	parsed, problems := pack.Parse(r.GetBody())
	for _, p := range problems {
		answer.Problems = append(answer.Problems, &policyv1.PackProblem{Line: int32(p.Line), Column: int32(p.Column), Message: p.Message})
	}
	if parsed == nil {
		return answer, nil
	}
	if parsed.PasswordProfile != "" && !account.ValidProfile(parsed.PasswordProfile) {
		answer.Problems = append(answer.Problems, &policyv1.PackProblem{
			Message: fmt.Sprintf("password_profile %q is not one of cn-classic, mlps-3, nist-800-63b", parsed.PasswordProfile),
		})
	}
	named := people(parsed)
	known, err := readmodel.Known(ctx, s.Platform.Pool, slices.Collect(maps.Keys(named)))
	if err != nil {
		return nil, err
	}
	for _, number := range slices.Sorted(maps.Keys(named)) {
		if !known[number] {
			answer.Warnings = append(answer.Warnings, &policyv1.PackProblem{
				Message: fmt.Sprintf("%s %s is not known yet; what needs this signature is refused with NO_SIGNER until then", named[number], number),
			})
		}
	}
	return answer, nil
}

// people are the employee numbers that a pack names, and as what.
func people(p *pack.Pack) map[string]string {
	named := map[string]string{}
	for _, f := range p.Functions {
		for _, number := range f.Holders {
			named[number] = "holder of function " + f.Name
		}
	}
	for _, u := range p.Units {
		named[u.Head] = "head of unit " + u.Path[len(u.Path)-1]
	}
	return named
}
