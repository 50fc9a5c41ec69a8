package policy

import (
	"context"
	"encoding/json"
	"time"

	"google.golang.org/protobuf/proto"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/outfeed"
)

// change is what the lifecycle feed tells: nothing personal beyond the account
// name.
type change struct {
	Account     string     `json:"account"`
	Application string     `json:"application"`
	Role        string     `json:"role"`
	GrantID     string     `json:"grant_id"`
	ValidUntil  *time.Time `json:"valid_until"`
	Reason      string     `json:"reason"`
	Cause       *cause     `json:"cause"`
}

type cause struct {
	Service  string `json:"service"`
	Position int64  `json:"position"`
}

// WhenAccountChangedTellLifecycle tells the services that act on the life of
// accounts (OPS-007).
func WhenAccountChangedTellLifecycle(p *servicekit.Platform, book *outfeed.Book) messaging.Policy {
	return messaging.Policy{
		Name: "when_account_changed_tell_lifecycle", Source: p.Service,
		On: []proto.Message{
			&identityv1.AccountOpened{}, &identityv1.AccountActivated{}, &identityv1.AccountSuspended{},
			&identityv1.AccountReinstated{}, &identityv1.AccountClosed{},
		},
		Do: func(ctx context.Context, f eventstore.Fact) error {
			e := f.Message.(interface{ GetAccount() string })
			c := change{Account: e.GetAccount()}
			if r, ok := f.Message.(interface{ GetReason() string }); ok {
				c.Reason = r.GetReason()
			}
			name := ""
			switch e := f.Message.(type) {
			case *identityv1.AccountOpened:
				name = "account.opened"
			case *identityv1.AccountActivated:
				name = "account.activated"
			case *identityv1.AccountSuspended:
				// What HR wrote is for those who may read the history.
				name, c.Reason = "account.suspended", e.GetMode()
			case *identityv1.AccountReinstated:
				name = "account.reinstated"
			case *identityv1.AccountClosed:
				name = "account.closed"
			}
			return tell(ctx, book, f, name, c)
		},
	}
}

// reasonSuspended is why a grant is told as revoked that may come back. Why it was
// suspended is not told: a human wrote it.
const reasonSuspended = "suspended"

// WhenGrantChangedTellLifecycle tells them of grants. What access-request has
// decided is "revoked"; "removed" is what the target confirmed. A renewed grant
// is told as activated again, with its new end. For a follower a suspended grant
// is gone: it is told as revoked and removed, as activated once it is there again,
// and not at all if it is renewed meanwhile.
func WhenGrantChangedTellLifecycle(book *outfeed.Book) messaging.Policy {
	return messaging.Policy{
		Name: "when_grant_changed_tell_lifecycle", Source: "access-request",
		On: []proto.Message{
			&accessrequestv1.GrantActivated{}, &accessrequestv1.GrantRenewed{}, &accessrequestv1.GrantRevoked{},
			&accessrequestv1.GrantExpired{}, &accessrequestv1.GrantRemovalConfirmed{},
			&accessrequestv1.GrantSuspended{}, &accessrequestv1.GrantSuspensionConfirmed{},
		},
		Do: func(ctx context.Context, f eventstore.Fact) error {
			name, c := "", change{}
			switch e := f.Message.(type) {
			case *accessrequestv1.GrantActivated:
				name, c = "grant.activated", of(e.GetAccount(), e)
				if e.GetValidUntil() != nil {
					until := e.GetValidUntil().AsTime()
					c.ValidUntil = &until
				}
			case *accessrequestv1.GrantRenewed:
				if e.GetSuspended() {
					return nil
				}
				until := e.GetValidUntil().AsTime()
				name, c = "grant.activated", of(e.GetEmployeeNumber(), e)
				c.ValidUntil, c.Reason = &until, "renewed"
			case *accessrequestv1.GrantRevoked:
				name, c = "grant.revoked", of(e.GetAccount(), e)
				c.Reason = e.GetReason()
			case *accessrequestv1.GrantExpired:
				name, c = "grant.expired", of(e.GetAccount(), e)
			case *accessrequestv1.GrantRemovalConfirmed:
				name, c = "grant.removed", of(e.GetAccount(), e)
			case *accessrequestv1.GrantSuspended:
				name, c = "grant.revoked", of(e.GetAccount(), e)
				c.Reason = reasonSuspended
			case *accessrequestv1.GrantSuspensionConfirmed:
				name, c = "grant.removed", of(e.GetAccount(), e)
				c.Reason = reasonSuspended
			}
			return tell(ctx, book, f, name, c)
		},
	}
}

func of(account string, e interface {
	GetApplication() string
	GetRole() string
	GetGrantId() string
},
) change {
	return change{Account: account, Application: e.GetApplication(), Role: e.GetRole(), GrantID: e.GetGrantId()}
}

func tell(ctx context.Context, book *outfeed.Book, f eventstore.Fact, name string, c change) error {
	if f.Causation != nil {
		c.Cause = &cause{Service: f.Causation.Service, Position: f.Causation.Position}
	}
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return book.Add(ctx, outfeed.Entry{
		Service: f.Service, Position: f.Position, Name: name, Topic: "lifecycle." + name, About: c.Account, Data: data, At: f.RecordedAt,
	})
}
