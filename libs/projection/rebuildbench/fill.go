package rebuildbench

import (
	"context"
	"fmt"
	"net/url"
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

const (
	people   = 1000
	grantsOf = 50 // of one person; each leads to four events
)

// database makes an empty, migrated database.
func database(ctx context.Context, adminURL string) (pool *pgxpool.Pool, drop func(), err error) {
	admin, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return nil, nil, fmt.Errorf("connect as administrator: %w", err)
	}
	defer func() { _ = admin.Close(ctx) }()
	name := fmt.Sprintf("rebuildbench_%x", time.Now().UnixNano())
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

// fill appends what happens to the grants of people: issued and activated, and
// some time later revoked and confirmed.
func fill(ctx context.Context, store eventstore.Store) error {
	for version, story := range []func(person, grant int) []proto.Message{given, taken} {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(32)
		for person := range people {
			g.Go(func() error {
				a := eventstore.Append{
					Stream:          fmt.Sprintf("holdings-per_%04d", person),
					ExpectedVersion: int64(version * grantsOf * 2),
					Command:         eventstore.Command{ID: uuid.Must(uuid.NewV7()).String()},
					Metadata: eventstore.Metadata{
						Actor: "service:access-request", CorrelationID: uuid.NewString(),
						Causation: &eventstore.Cause{Service: "identity", Position: int64(person) + 1},
					},
				}
				for grant := range grantsOf {
					for _, m := range story(person, grant) {
						data, err := proto.Marshal(m)
						if err != nil {
							return fmt.Errorf("encode: %w", err)
						}
						a.Events = append(a.Events, eventstore.NewEvent{
							ID: uuid.Must(uuid.NewV7()).String(), Type: string(m.ProtoReflect().Descriptor().FullName()),
							Data: data, Rule: "matrix[3]",
						})
					}
				}
				_, err := store.Append(ctx, a)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return fmt.Errorf("fill the event store: %w", err)
		}
	}
	return nil
}

func given(person, grant int) []proto.Message {
	id, number, role := names(person, grant)
	return []proto.Message{
		&accessrequestv1.GrantIssued{
			PersonId: fmt.Sprintf("per_%04d", person), EmployeeNumber: number, GrantId: id, Account: number,
			Application: "orders", Role: role, Kind: "birthright", Reason: "hired", Rule: "matrix[3]", Target: "orders-db",
			EffectiveAt: timestamppb.New(time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)), PackVersion: 1,
		},
		&accessrequestv1.GrantActivated{
			PersonId: fmt.Sprintf("per_%04d", person), EmployeeNumber: number, GrantId: id,
			Application: "orders", Role: role, Account: number, Target: "orders-db",
		},
	}
}

func taken(person, grant int) []proto.Message {
	id, number, role := names(person, grant)
	return []proto.Message{
		&accessrequestv1.GrantRevoked{
			PersonId: fmt.Sprintf("per_%04d", person), EmployeeNumber: number, GrantId: id, Account: number,
			Application: "orders", Role: role, Reason: "leaver", Rule: "employment", Target: "orders-db",
			EffectiveAt: timestamppb.New(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)),
		},
		&accessrequestv1.GrantRemovalConfirmed{
			PersonId: fmt.Sprintf("per_%04d", person), EmployeeNumber: number, GrantId: id,
			Application: "orders", Role: role, Account: number, Target: "orders-db",
		},
	}
}

func names(person, grant int) (id, number, role string) {
	return fmt.Sprintf("grt_%04d_%02d", person, grant), fmt.Sprintf("E%04d", person), fmt.Sprintf("role-%02d", grant)
}
