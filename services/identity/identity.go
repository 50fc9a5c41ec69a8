// Package identity is the service that knows people: who works here, at which
// post, with which account; who may sign in; and what must be settled before
// somebody who leaves is gone.
package identity

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/privacy"
	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/bootstrap"
	"github.com/ostiary/ostiary/services/identity/internal/credential"
	"github.com/ostiary/ostiary/services/identity/internal/migrations"
	"github.com/ostiary/ostiary/services/identity/internal/packs"
	"github.com/ostiary/ostiary/services/identity/internal/policy"
	"github.com/ostiary/ostiary/services/identity/internal/progress"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
	"github.com/ostiary/ostiary/services/identity/internal/rpc"
	"github.com/ostiary/ostiary/services/identity/internal/sessions"
)

// InitialPasswordFile is the key file in which the generated password of the
// first administrator is told, once.
const InitialPasswordFile = bootstrap.PasswordFile

// Definition is the service before it runs.
func Definition() servicekit.Definition { return definition(credential.Full) }

func definition(passwords credential.Cost) servicekit.Definition {
	return servicekit.Definition{
		Name: "identity", Personal: true, Migrations: migrations.Files,
		New: func(_ context.Context, p *servicekit.Platform) (*servicekit.Service, error) {
			return build(p, passwords)
		},
	}
}

func build(p *servicekit.Platform, passwords credential.Cost) (*servicekit.Service, error) {
	config, err := load()
	if err != nil {
		return nil, err
	}
	key, err := authn.LoadOrCreateKey(p.KeyFile("identity"))
	if err != nil {
		return nil, fmt.Errorf("load the signing key: %w", err)
	}
	if err := servicekit.Publish(p.KeyFile("identity"), key); err != nil {
		return nil, err
	}
	index, err := privacy.LoadOrCreateIndexKey(p.KeyFile("identity-documents"))
	if err != nil {
		return nil, err
	}
	documents := readmodel.Documents{Keys: p.Keyring, Index: index}
	hasher, err := credential.NewHasher(config.PasswordHashes, passwords)
	if err != nil {
		return nil, err
	}
	machine := clock.System{}
	kept, board := packs.New(p.Pool), progress.NewBoard()
	credentials := &credential.Store{Pool: p.Pool, Hasher: hasher}
	gate := sessions.New(p.Journal.Store, p.Pool, machine.Now)
	first := bootstrap.New(p, credentials, config.BootstrapPassword)
	needs := rpc.Needs{
		Platform: p, Packs: kept, Documents: documents, Credentials: credentials, Board: board,
		Throttle:   credential.NewThrottle(machine.Now, machine.Until),
		Signer:     authn.NewSigner(authn.IssuerIdentity, key, machine.Now),
		MachineNow: machine.Now, SessionLifetime: config.SessionLifetime, TokenLifetime: min(config.TokenLifetime, authn.MaxLife),
		FeedURL: config.FeedURL,
	}
	return &servicekit.Service{
		Register: func(r grpc.ServiceRegistrar) { rpc.Register(r, needs) },
		Projections: []projection.Projection{
			readmodel.People(), readmodel.Accounts(), readmodel.OrgChart(), readmodel.Clearance(), readmodel.Sessions(), readmodel.Snapshots(),
			readmodel.Clients(), documents.Projection(),
		},
		Policies: []messaging.Policy{
			policy.WhenSnapshotAcceptedApplyChanges(p, board),
			policy.WhenEmploymentStartedOpenAccount(p),
			policy.WhenEmploymentEndedSuspendAccountAndOpenClearance(p, kept),
			policy.WhenHoldingsClearedRecordClearance(p),
			policy.WhenGrantsSettledCloseAccount(p),
			policy.WhenAccountClosedRecordClearance(p),
			policy.WhenAccountBlockedEndSessions(p),
			policy.WhenRolesSetRelieveFirstAdmin(p),
			policy.WhenAccountBlockedKeepAdmin(p, first.Keep),
			policy.WhenPackPublishedAdoptPack(p, kept),
			policy.WhenFirstPasswordChangedForgetIt(p, bootstrap.PasswordFile),
		},
		Deadlines:    policy.WhenDayComesCarryOutPlan(p),
		Workers:      []servicekit.Worker{{Name: "session gate", Run: gate.Run}, {Name: "first administrator", Run: first.Run}},
		CheckSession: gate.Check,
		Client: func(user, password string) (servicekit.OutsideClient, bool) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			return credentials.Client(ctx, p.Journal, user, password)
		},
		Causes: func() []string {
			var causes []string
			if !gate.Ready() {
				causes = append(causes, "ended sessions cannot be read; nobody is admitted")
			}
			if !first.Done() {
				causes = append(causes, "the first administrator is not there yet")
			}
			return causes
		},
	}, nil
}
