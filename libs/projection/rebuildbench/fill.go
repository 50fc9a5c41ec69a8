package rebuildbench

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/projection"
)

// Ten events for each person: three grants issued and activated, two of them
// revoked and confirmed as removed.
const (
	given = 3
	taken = 2
	each  = 2 * (given + taken)
	// together is how many people an import takes at once: their events lie
	// between each other.
	together = 250
)

// database makes an empty, migrated database.
func database(ctx context.Context, adminURL string) (pool *pgxpool.Pool, drop func(), err error) {
	admin, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return nil, nil, fmt.Errorf("connect as administrator: %w", err)
	}
	defer func() { _ = admin.Close(ctx) }()
	name := "rebuildbench_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, nil, fmt.Errorf("create database: %w", err)
	}
	address, err := url.Parse(adminURL)
	if err != nil {
		return nil, nil, fmt.Errorf("read the administrator's address: %w", err)
	}
	address.Path = "/" + name
	if pool, err = pgxpool.New(ctx, address.String()); err != nil {
		return nil, nil, fmt.Errorf("open database: %w", err)
	}
	drop = func() {
		pool.Close()
		after := context.WithoutCancel(ctx)
		if admin, err := pgx.Connect(after, adminURL); err == nil {
			_, _ = admin.Exec(after, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") // it is in nobody's way
			_ = admin.Close(after)
		}
	}
	err = pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		role := c.Conn().Config().User
		if err := postgres.Migrate(ctx, c.Conn(), role); err != nil {
			return err
		}
		return projection.Migrate(ctx, c.Conn(), role)
	})
	if err != nil {
		drop()
		return nil, nil, err
	}
	return pool, drop, nil
}

// fill appends what happens to the grants of people: issued and activated soon
// after, and some time later revoked and confirmed.
func fill(ctx context.Context, store eventstore.Store, people int) error {
	stories := [][]step{
		{{0, given, issued}, {given, given, activated}},
		{{2 * given, taken, revoked}, {2*given + taken, taken, confirmed}},
	}
	for _, story := range stories {
		for first := 0; first < people; first += together {
			for _, s := range story {
				if err := s.append(ctx, store, first); err != nil {
					return fmt.Errorf("fill the event store: %w", err)
				}
			}
		}
	}
	return nil
}

// step is an append of a few events to the stream of each of some people.
type step struct {
	version int64
	grants  int
	event   func(person, grant int) proto.Message
}

func (s step) append(ctx context.Context, store eventstore.Store, first int) error {
	g, ctx := errgroup.WithContext(ctx)
	for person := first; person < first+together; person++ {
		g.Go(func() error {
			a := eventstore.Append{
				Stream: "holdings-" + personID(person), ExpectedVersion: s.version,
				Command: eventstore.Command{ID: uuid.Must(uuid.NewV7()).String()},
				Metadata: eventstore.Metadata{
					Actor: "service:access-request", CorrelationID: uuid.NewString(),
					Causation: &eventstore.Cause{Service: "identity", Position: int64(person) + 1},
				},
			}
			for grant := range s.grants {
				m := s.event(person, grant)
				data, err := proto.Marshal(m)
				if err != nil {
					return fmt.Errorf("encode: %w", err)
				}
				a.Events = append(a.Events, eventstore.NewEvent{
					ID: uuid.Must(uuid.NewV7()).String(), Type: string(m.ProtoReflect().Descriptor().FullName()),
					Data: data, Rule: "matrix[3]",
				})
			}
			_, err := store.Append(ctx, a)
			return err
		})
	}
	return g.Wait()
}

func issued(person, grant int) proto.Message {
	return &accessrequestv1.GrantIssued{
		PersonId: personID(person), EmployeeNumber: number(person), GrantId: grantID(person, grant), Account: number(person),
		Application: "orders", Role: role(grant), Kind: "birthright", Reason: "hired", Rule: "matrix[3]", Target: "orders-db",
		EffectiveAt: timestamppb.New(time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)), PackVersion: 1,
	}
}

func activated(person, grant int) proto.Message {
	return &accessrequestv1.GrantActivated{
		PersonId: personID(person), EmployeeNumber: number(person), GrantId: grantID(person, grant),
		Application: "orders", Role: role(grant), Account: number(person), Target: "orders-db",
	}
}

func revoked(person, grant int) proto.Message {
	return &accessrequestv1.GrantRevoked{
		PersonId: personID(person), EmployeeNumber: number(person), GrantId: grantID(person, grant), Account: number(person),
		Application: "orders", Role: role(grant), Reason: "transfer", Rule: "matrix[3]", Target: "orders-db",
		EffectiveAt: timestamppb.New(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)),
	}
}

func confirmed(person, grant int) proto.Message {
	return &accessrequestv1.GrantRemovalConfirmed{
		PersonId: personID(person), EmployeeNumber: number(person), GrantId: grantID(person, grant),
		Application: "orders", Role: role(grant), Account: number(person), Target: "orders-db",
	}
}

func personID(n int) string       { return fmt.Sprintf("per_0192f1a0-7c1e-7b1a-8a52-%012d", n) }
func number(n int) string         { return fmt.Sprintf("E%05d", n) }
func grantID(n, grant int) string { return fmt.Sprintf("grt_0192f1a0-7c1e-7b1a-%04d-%012d", grant, n) }
func role(grant int) string       { return fmt.Sprintf("role-%d", grant) }
