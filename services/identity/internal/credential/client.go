package credential

import (
	"context"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
)

// Client tells whether an outside system may use the bus, and which feed.
// Whoever cannot be checked may not.
func (s *Store) Client(ctx context.Context, j *eventstore.Journal, user, password string) (servicekit.OutsideClient, bool) {
	c, _, err := eventstore.Load(ctx, j, client.Decider, client.Stream(user))
	if err != nil || c.Name == "" {
		return servicekit.OutsideClient{}, false
	}
	if ok, err := s.VerifySecret(ctx, c.CredentialID, password); err != nil || !ok {
		return servicekit.OutsideClient{}, false
	}
	return servicekit.OutsideClient{Name: c.Name, Feed: c.Feed, Source: c.Source}, true
}
