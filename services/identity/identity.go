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
	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
	"github.com/ostiary/ostiary/services/identity/internal/feed"
	"github.com/ostiary/ostiary/services/identity/internal/feedclient"
	"github.com/ostiary/ostiary/services/identity/internal/migrations"
	"github.com/ostiary/ostiary/services/identity/internal/outfeed"
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
	devices, err := credential.NewDevices(key, machine.Now)
	if err != nil {
		return nil, err
	}
	kept, board := packs.New(p.Pool), progress.NewBoard()
	credentials := &credential.Store{Pool: p.Pool, Hasher: hasher}
	ended := sessions.Log{Store: p.Journal.Store, Pool: p.Pool}.Ended
	gate := authn.NewGate(ended, machine.Now)
	first := bootstrap.New(p, credentials, config.BootstrapPassword)
	hr := feed.New(p.Journal)
	intake := feed.NewIntake(p, hr)
	alarms := feed.NewAlarms(p, kept)
	lifecycle, replies := outfeed.NewBook(p.Pool, outfeed.Lifecycle), outfeed.NewBook(p.Pool, outfeed.HrReply)
	publishers := publishers(p, lifecycle, replies)
	needs := rpc.Needs{
		Platform: p, Packs: kept, Documents: documents, Credentials: credentials, Board: board,
		Throttle: credential.NewThrottle(machine.Now, machine.Until), Devices: devices,
		Signer:     authn.NewSigner(authn.IssuerIdentity, key, machine.Now),
		MachineNow: machine.Now, SessionLifetime: config.SessionLifetime, TokenLifetime: min(config.TokenLifetime, authn.MaxLife),
		FeedURL: config.FeedURL, Ended: ended, Lifecycle: lifecycle,
	}
	return &servicekit.Service{
		Register: func(r grpc.ServiceRegistrar) { rpc.Register(r, needs) },
		Projections: []projection.Projection{
			readmodel.People(), readmodel.Accounts(), readmodel.OrgChart(), readmodel.Clearance(), readmodel.Sessions(), readmodel.Snapshots(),
			readmodel.Clients(), readmodel.HrFeed(), documents.Projection(),
		},
		Policies: []messaging.Policy{
			policy.WhenSnapshotAcceptedApplyChanges(p, board),
			policy.WhenEmploymentStartedOpenAccount(p),
			policy.WhenEmploymentEndedSuspendAccountAndOpenClearance(p, kept),
			policy.WhenHoldingsClearedRecordClearance(p),
			policy.WhenTransferNoticedOpenClearance(p, kept),
			policy.WhenTransferMootCancelClearance(p),
			policy.WhenPostRightsClearedRecordClearance(p),
			policy.WhenGrantsSettledCloseAccount(p),
			policy.WhenAccountClosedRecordClearance(p),
			policy.WhenAccountBlockedEndSessions(p),
			policy.WhenRolesSetRelieveFirstAdmin(p),
			policy.WhenAccountBlockedKeepAdmin(p, first.Keep),
			policy.WhenPackPublishedAdoptPack(p, kept),
			policy.WhenFirstPasswordChangedForgetIt(p, bootstrap.PasswordFile),
			policy.WhenHrEventTakenCarryOut(p, kept, hr),
			policy.WhenUnitMovedMoveMembers(p),
			policy.WhenHrEventSettledAnswer(p, hr, replies),
			policy.WhenAccountChangedTellLifecycle(p, lifecycle),
			policy.WhenGrantChangedTellLifecycle(lifecycle),
		},
		Deadlines: policy.WhenDayComesCarryOutPlan(p),
		Workers: []servicekit.Worker{
			{Name: "session gate", Run: gate.Run}, {Name: "first administrator", Run: first.Run}, {Name: "first clients", Run: first.Clients},
			{Name: "HR feed", Run: intake.Run}, {Name: "HR alarms", Run: alarms.Run},
			{Name: "lifecycle feed", Run: publishers[0].Run}, {Name: "answers to HR", Run: publishers[1].Run},
		},
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
			causes = append(causes, intake.Causes()...)
			causes = append(causes, alarms.Causes()...)
			for _, publisher := range publishers {
				causes = append(causes, publisher.Causes()...)
			}
			return causes
		},
	}, nil
}

// publishers bring the feeds to the bus, and keep the places of their readers.
func publishers(p *servicekit.Platform, lifecycle, replies *outfeed.Book) []*outfeed.Publisher {
	readers := func(of string) func(context.Context) ([]outfeed.Durable, error) {
		return func(ctx context.Context) (durables []outfeed.Durable, err error) {
			clients, err := readmodel.AllClients(ctx, p.Pool)
			for _, c := range clients {
				if c.Feed == of {
					durables = append(durables, feedclient.Durables(c.Name, c.Feed, c.Source)...)
				}
			}
			return durables, err
		}
	}
	return []*outfeed.Publisher{
		{Book: lifecycle, Bus: p.Bus, Stream: feedclient.LifecycleStream, Topics: []string{"lifecycle.>"}, Readers: readers(client.Lifecycle), Log: p.Log},
		{Book: replies, Bus: p.Bus, Stream: feedclient.ReplyStream, Topics: []string{"hrreply.>"}, Readers: readers(client.HR), Log: p.Log},
	}
}
