package rpc

import (
	"context"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/idnumber"

	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// GetPerson shows one person. Somebody who is expected is shown at the post
// that is planned.
func (s *Server) GetPerson(ctx context.Context, r *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
	p, err := s.person(ctx, r.GetEmployeeNumber())
	if err != nil {
		return nil, err
	}
	return &identityv1.GetPersonResponse{Person: p}, nil
}

// FindPeople finds whoever has an identity number.
func (s *Server) FindPeople(ctx context.Context, r *identityv1.FindPeopleRequest) (*identityv1.FindPeopleResponse, error) {
	n, err := idnumber.Parse(r.GetIdNumber(), calendar.DateOf(s.Platform.Clock.Now(), s.Platform.Zone))
	if err != nil {
		return nil, err
	}
	numbers, err := s.Documents.Holders(ctx, s.Platform.Pool, n.Canonical())
	if err != nil {
		return nil, err
	}
	answer := &identityv1.FindPeopleResponse{}
	for _, number := range numbers {
		p, err := s.person(ctx, number)
		if err != nil {
			return nil, err
		}
		answer.People = append(answer.People, p)
	}
	return answer, nil
}

func (s *Server) person(ctx context.Context, number string) (*identityv1.Person, error) {
	p, ok, err := readmodel.Person(ctx, s.Platform.Pool, s.Platform.Keyring, number)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrPersonNotFound.With("employee_number", number)
	}
	post := p.Post
	if p.Status == person.Expected {
		post = p.Start.GetPost()
	}
	answer := &identityv1.Person{
		EmployeeNumber: p.Number, Name: p.Details.GetName(), Kind: p.Details.GetKind(),
		Unit: post.GetUnit(), Position: post.GetPosition(), Supervisor: post.GetSupervisor(), Attributes: post.GetAttributes(),
		State: readmodel.StateName(p.Status), PersonId: p.ID, Email: p.Details.GetEmail(), Phone: p.Details.GetPhone(), Source: p.Source,
		IdNumberMasked: idnumber.Mask(p.Details.GetIdNumber()),
	}
	accounts, err := readmodel.AccountsOf(ctx, s.Platform.Pool, p.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		answer.Accounts = append(answer.Accounts, &identityv1.PersonAccount{Account: a.Account, State: a.State})
	}
	return answer, nil
}
