// Package approval is the service that gathers signatures: who must give them,
// who gave them, by which authority, and until when they are awaited. It never
// knows what is being approved.
package approval

import (
	"context"

	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/approval/internal/policy"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
	"github.com/ostiary/ostiary/services/approval/internal/rpc"
	"github.com/ostiary/ostiary/services/approval/internal/signers"
)

// Name is the service's name everywhere.
const Name = "approval"

// Definition is the service before it runs.
func Definition() servicekit.Definition { return servicekit.Definition{Name: Name, New: New} }

// New builds the service. It starts nothing.
func New(_ context.Context, p *servicekit.Platform) (*servicekit.Service, error) {
	cases := &policy.Cases{Platform: p, Packs: policy.NewPacks(p.Journal), Directory: signers.NewDirectory(p.Dial("identity"))}
	lookout := policy.NewLookout(cases)
	return &servicekit.Service{
		Register:    rpc.New(cases).Register,
		Projections: []projection.Projection{readmodel.Cases(), readmodel.Deputies()},
		Policies: []messaging.Policy{
			policy.WhenApprovalRequiredOpenCase(cases),
			policy.WhenRequestWithdrawnCancelCase(cases),
			policy.WhenEmploymentEndedReassignCasesAndEndDeputies(cases),
			policy.WhenPostChangedReassignCases(cases),
			policy.WhenStaffChangedLookAtAllCases(lookout),
			policy.WhenAbsenceRecordedNameDeputy(cases),
			policy.WhenPackPublishedAdoptPack(cases),
			policy.WhenPackActivatedReassignCases(cases),
		},
		Workers:   []servicekit.Worker{{Name: "lookout over cases", Run: lookout.Run}},
		Deadlines: policy.WhenTimeComesRemindEscalateResume(cases),
	}, nil
}
