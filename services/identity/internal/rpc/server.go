// Package rpc is what identity answers to others: it turns requests into
// commands and rows into answers.
package rpc

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/credential"
	"github.com/ostiary/ostiary/services/identity/internal/outfeed"
	"github.com/ostiary/ostiary/services/identity/internal/packs"
	"github.com/ostiary/ostiary/services/identity/internal/progress"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// Needs are what the servers work with.
type Needs struct {
	Platform    *servicekit.Platform
	Packs       *packs.Packs
	Documents   readmodel.Documents
	Credentials *credential.Store
	Throttle    *credential.Throttle
	Devices     *credential.Devices
	Signer      *authn.Signer
	Board       *progress.Board
	// MachineNow is the machine's time: sessions and tokens do not follow a
	// simulated clock.
	MachineNow func() time.Time
	// SessionLifetime is how long a session lasts at most.
	SessionLifetime time.Duration
	// TokenLifetime is how long an access token lasts.
	TokenLifetime time.Duration
	// Ended tells which sessions have ended.
	Ended authn.Ended
	// Lifecycle is what outside systems are told of accounts and grants.
	Lifecycle *outfeed.Book
	// FeedURL is where outside systems reach the bus.
	FeedURL string
}

// Server answers about people and takes HR's word.
type Server struct {
	identityv1.UnsafeIdentityServiceServer
	Needs
	// operators is held while product roles are decided.
	operators *postgres.Lock
}

// SignIn is the door of Ostiary itself.
type SignIn struct {
	identityv1.UnsafeSignInServiceServer
	Needs
}

// PackSubscriber says what identity thinks of a pack.
type PackSubscriber struct {
	policyv1.UnsafePackSubscriberServiceServer
	Needs
}

var (
	_ identityv1.IdentityServiceServer     = (*Server)(nil)
	_ identityv1.SignInServiceServer       = (*SignIn)(nil)
	_ policyv1.PackSubscriberServiceServer = (*PackSubscriber)(nil)
)

// Register adds all services.
func Register(r grpc.ServiceRegistrar, n Needs) {
	identityv1.RegisterIdentityServiceServer(r, &Server{Needs: n, operators: postgres.NewLock(n.Platform.Pool, "identity/operators")})
	identityv1.RegisterSignInServiceServer(r, &SignIn{Needs: n})
	policyv1.RegisterPackSubscriberServiceServer(r, &PackSubscriber{Needs: n})
}

// ErrPersonNotFound says that nobody has this employee number.
var ErrPersonNotFound = fault.New(fault.NotFound, "PERSON_NOT_FOUND",
	"Nobody has this employee number; check it.", "没有该工号的人员，请核对。")

// settleWait is how long a command waits for its own consequences.
const settleWait = 5 * time.Second

// consequences waits until the own policies have reacted to a position, so
// that the caller finds the effect. If that takes long, the effect comes later.
func (n Needs) consequences(ctx context.Context, position int64) {
	if position == 0 {
		return
	}
	wait, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	if err := n.Platform.Settled(wait, n.Platform.Service, position); err != nil && ctx.Err() == nil {
		n.Platform.Log.WarnContext(ctx, "consequences are late", "position", position, "error", err)
	}
}

// caughtUp returns when the read models show everything that was written.
func (n Needs) caughtUp(ctx context.Context) error {
	head, err := n.Platform.Journal.Store.Head(ctx)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	return n.Platform.Projected(ctx, head)
}
