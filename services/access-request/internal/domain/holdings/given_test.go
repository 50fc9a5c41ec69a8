package holdings_test

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// What the tests of this package have in common: one person, two roles, three
// days.

var decider = eventstore.Decider[holdings.State, holdings.Command]{Decide: holdings.Decide, Evolve: holdings.Evolve}

var (
	monday    = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	tuesday   = monday.AddDate(0, 0, 1)
	wednesday = monday.AddDate(0, 0, 2)
	packOne   = holdings.Pack{Version: 1, EffectiveAt: monday}
	packTwo   = holdings.Pack{Version: 2, EffectiveAt: wednesday}
)

// right is a birthright of the application orders.
func right(role, grant string) holdings.Birthright {
	return holdings.Birthright{Application: "orders", Role: role, Rule: "matrix[1]", Target: "orders-db", GrantID: grant}
}

// engineer is a post of the person as identity states it at a position.
func engineer(position int64, at time.Time, project string, pack holdings.Pack, due ...holdings.Birthright) holdings.NotePost {
	return holdings.NotePost{
		PersonID: "per_1", EmployeeNumber: "E1", Kind: "employee", Position: "engineer", Unit: []string{"总部", "研发部"},
		Attributes: map[string]string{"project": project}, EffectiveAt: at, SourcePosition: position, Pack: pack, Birthrights: due,
	}
}

func leaves(position int64, at time.Time) holdings.NoteDeparture {
	return holdings.NoteDeparture{PersonID: "per_1", EmployeeNumber: "E1", EffectiveAt: at, SourcePosition: position}
}

func noted(position int64, at time.Time, project string, employed bool) *accessv1.PostNoted {
	return &accessv1.PostNoted{
		PersonId: "per_1", EmployeeNumber: "E1", Employed: employed, Position: "engineer", Unit: []string{"总部", "研发部"},
		Attributes: map[string]string{"project": project}, Kind: "employee", EffectiveAt: timestamppb.New(at), SourcePosition: position,
	}
}

func issued(grant, role, reason string, at time.Time, pack int64) *accessv1.GrantIssued {
	return &accessv1.GrantIssued{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: grant, Account: "E1", Application: "orders", Role: role, Kind: "birthright",
		EffectiveAt: timestamppb.New(at), Reason: reason, Rule: "matrix[1]", Target: "orders-db", PackVersion: pack,
	}
}

func activated(grant, role string) *accessv1.GrantActivated {
	return &accessv1.GrantActivated{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: grant, Application: "orders", Role: role, Account: "E1", Target: "orders-db",
	}
}

// activatedUntil is the activation of a grant that ends.
func activatedUntil(grant, role string, until time.Time) *accessv1.GrantActivated {
	e := activated(grant, role)
	e.ValidUntil = timestamppb.New(until)
	return e
}

func revoked(grant, role, reason, rule string, at time.Time, pack int64) *accessv1.GrantRevoked {
	return &accessv1.GrantRevoked{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: grant, Account: "E1", Application: "orders", Role: role, Reason: reason,
		Rule: rule, Target: "orders-db", EffectiveAt: timestamppb.New(at), PackVersion: pack,
	}
}

func removed(grant, role string) *accessv1.GrantRemovalConfirmed {
	return &accessv1.GrantRemovalConfirmed{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: grant, Application: "orders", Role: role, Account: "E1", Target: "orders-db",
	}
}

func cleared(grants int32, departure int64) *accessv1.HoldingsCleared {
	return &accessv1.HoldingsCleared{PersonId: "per_1", EmployeeNumber: "E1", Grants: grants, Departure: departure}
}
