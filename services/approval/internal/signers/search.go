package signers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// search looks for signers; it asks for nobody twice.
type search struct {
	Matter
	directory Directory
	people    map[string]*Person
}

// ErrAuthorityUnknown says that a route names an authority that this binary
// does not know.
var ErrAuthorityUnknown = fault.New(fault.Invalid, "SIGNER_AUTHORITY_UNKNOWN",
	"The route names an authority that is not known here; upgrade the service or change the pack.", "审批路线中的签批人类型无法识别，请升级服务或修改策略包。")

// holders are whoever may take a seat.
func (s *search) holders(ctx context.Context, authority string) ([]*approvalv1.Party, error) {
	name, function := strings.CutPrefix(authority, "function:")
	number, employee := strings.CutPrefix(authority, "employee:")
	switch {
	case function:
		return s.all(ctx, s.Pack.Holders(name))
	case employee:
		return s.all(ctx, []string{number})
	case authority == "supervisor":
		_, supervisor, err := s.post(ctx)
		if err != nil {
			return nil, err
		}
		return s.up(ctx, supervisor)
	case authority == "unit_head":
		return s.unitHead(ctx)
	case authority == "role_owner":
		owner := s.Pack.Owner(s.Ask.GetRole().GetApplication())
		if owner == "" {
			owner = s.Ask.GetRole().GetOwner()
		}
		return s.up(ctx, owner)
	}
	return nil, ErrAuthorityUnknown.With("authority", authority)
}

// all are those of the numbers who may sign.
func (s *search) all(ctx context.Context, numbers []string) ([]*approvalv1.Party, error) {
	var able []*approvalv1.Party
	for _, number := range numbers {
		p, err := s.person(ctx, number)
		if err != nil {
			return nil, err
		}
		if s.able(p) {
			able = append(able, p.Party)
		}
	}
	return able, nil
}

// up is the person, or the nearest superior who may sign.
func (s *search) up(ctx context.Context, number string) ([]*approvalv1.Party, error) {
	for seen := map[string]bool{}; number != "" && !seen[number]; {
		seen[number] = true
		p, err := s.person(ctx, number)
		if err != nil || p == nil {
			return nil, err
		}
		if s.able(p) {
			return []*approvalv1.Party{p.Party}, nil
		}
		number = p.Supervisor
	}
	return nil, nil
}

// unitHead is the head of the beneficiary's unit or, if that is no signer, of
// the nearest unit above that has one.
func (s *search) unitHead(ctx context.Context) ([]*approvalv1.Party, error) {
	unit, _, err := s.post(ctx)
	if err != nil {
		return nil, err
	}
	for n := len(unit); n > 0; n-- {
		p, err := s.head(ctx, unit[:n])
		if err != nil {
			return nil, err
		}
		if s.able(p) {
			return []*approvalv1.Party{p.Party}, nil
		}
		if p == nil && s.Strict && n == len(unit) {
			return nil, nil
		}
	}
	return nil, nil
}

// head is who heads a unit: whom the pack states, or else whom supervisors
// tell. Somebody stated who has left is no head any more; somebody stated whom
// nobody knows yet is waited for.
func (s *search) head(ctx context.Context, unit []string) (*Person, error) {
	number := s.Pack.Head(unit)
	if number != "" {
		p, err := s.person(ctx, number)
		if err != nil || p == nil || p.Employed {
			return p, err
		}
	}
	number, err := s.directory.Head(ctx, slices.Clone(unit))
	if err != nil || number == "" {
		return nil, err
	}
	return s.person(ctx, number)
}

// post is where the beneficiary works now, or worked when it was asked.
func (s *search) post(ctx context.Context) (unit []string, supervisor string, err error) {
	p, err := s.person(ctx, s.Ask.GetBeneficiary().GetEmployeeNumber())
	if err != nil {
		return nil, "", err
	}
	if p == nil || !p.Employed {
		return s.Ask.GetPost().GetUnit(), s.Ask.GetPost().GetSupervisor(), nil
	}
	return p.Unit, p.Supervisor, nil
}

// able tells whether a person may sign the matter.
func (s *search) able(p *Person) bool {
	return p != nil && p.Employed && !s.Barred(p.Party.GetPersonId())
}

// person is a person; nil if nobody has the number.
func (s *search) person(ctx context.Context, number string) (*Person, error) {
	if number == "" {
		return nil, nil
	}
	if p, asked := s.people[number]; asked {
		return p, nil
	}
	p, ok, err := s.directory.Person(ctx, number)
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", number, err)
	}
	s.people[number] = nil
	if ok {
		s.people[number] = &p
	}
	return s.people[number], nil
}
