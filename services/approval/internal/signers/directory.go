package signers

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"
)

// Person is what signing needs to know of a person.
type Person struct {
	Party      *approvalv1.Party
	Unit       []string
	Supervisor string
	// Employed tells whether the person works here now.
	Employed bool
}

// Directory is identity, as far as signing asks it.
type Directory struct {
	client identityv1.IdentityServiceClient
}

// NewDirectory asks identity over a connection.
func NewDirectory(conn grpc.ClientConnInterface) Directory {
	return Directory{identityv1.NewIdentityServiceClient(conn)}
}

// NotBefore lets the questions of a context be answered with what identity had
// recorded at a position, or later.
func NotBefore(ctx context.Context, position int64) context.Context {
	return metadata.AppendToOutgoingContext(ctx, grpckit.HeaderNotBefore, grpckit.FormatPosition("identity", position))
}

// Person is the person with an employee number; ok is false if nobody has it.
func (d Directory) Person(ctx context.Context, number string) (p Person, ok bool, err error) {
	r, err := d.client.GetPerson(ctx, &identityv1.GetPersonRequest{EmployeeNumber: number})
	if missing(err) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	of := r.GetPerson()
	return Person{
		Party: &approvalv1.Party{PersonId: of.GetPersonId(), EmployeeNumber: of.GetEmployeeNumber()},
		Unit:  of.GetUnit(), Supervisor: of.GetSupervisor(), Employed: of.GetState() == "active" || of.GetState() == "leaving",
	}, true, nil
}

// Head is the employee number of the head of a unit as supervisors tell it, ""
// if they do not.
func (d Directory) Head(ctx context.Context, unit []string) (string, error) {
	r, err := d.client.FindUnitHead(ctx, &identityv1.FindUnitHeadRequest{Unit: unit})
	if missing(err) {
		return "", nil
	}
	return r.GetEmployeeNumber(), err
}

func missing(err error) bool {
	f, ok := fault.Of(err)
	return ok && f.Kind == fault.NotFound
}
