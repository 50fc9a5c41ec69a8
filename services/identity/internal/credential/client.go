package credential

import (
	"context"
	"strings"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
	"github.com/ostiary/ostiary/services/identity/internal/feedclient"
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
	return servicekit.OutsideClient{
		Name: c.Name, Feed: c.Feed, Source: c.Source, Stream: feedclient.Stream(c.Feed), Durables: feedclient.Names(c.Name, c.Feed, c.Source),
	}, true
}

// tokenPrefix marks the token of a client, so that nobody takes it for an access
// token.
const tokenPrefix = "ostc_"

// ClientToken is what a client shows over HTTP.
func ClientToken(name, secret string) string { return tokenPrefix + name + "." + secret }

// ClientOf finds the client whose token this is.
func (s *Store) ClientOf(ctx context.Context, j *eventstore.Journal, token string) (servicekit.OutsideClient, bool) {
	rest, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok {
		return servicekit.OutsideClient{}, false
	}
	name, secret, _ := strings.Cut(rest, ".")
	return s.Client(ctx, j, name, secret)
}
