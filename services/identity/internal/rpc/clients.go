package rpc

import (
	"context"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/credential"
	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
	"github.com/ostiary/ostiary/services/identity/internal/feedclient"
)

// AddClient lets an outside system use a feed.
func (s *Server) AddClient(ctx context.Context, r *identityv1.AddClientRequest) (*identityv1.AddClientResponse, error) {
	if _, err := s.still(ctx, account.Admin); err != nil {
		return nil, err
	}
	secret := credential.NewSecret()
	id, err := s.Credentials.PutSecret(ctx, secret)
	if err != nil {
		return nil, err
	}
	result, err := servicekit.Execute(ctx, s.Platform, client.Decider, client.Stream(r.GetName()), r,
		client.Command(client.Add{Name: r.GetName(), Feed: r.GetFeed(), Source: r.GetSource(), CredentialID: id}))
	if err != nil {
		return nil, err
	}
	if result.Replayed {
		return nil, ErrTold
	}
	answer := &identityv1.AddClientResponse{
		Name: r.GetName(), Feed: r.GetFeed(), Url: s.FeedURL, User: r.GetName(), Password: secret,
		InboxPrefix: messaging.InboxPrefix(r.GetName()), Position: result.Last,
	}
	answer.Stream, answer.Durables = feedclient.Stream(r.GetFeed()), feedclient.Names(r.GetName(), r.GetFeed(), r.GetSource())
	if r.GetFeed() == client.Lifecycle {
		answer.Token = credential.ClientToken(r.GetName(), secret)
	}
	return answer, nil
}
