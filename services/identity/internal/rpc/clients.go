package rpc

import (
	"context"
	"fmt"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/credential"
	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
)

// lifecycleDurables is how many readers of the lifecycle feed a client may run.
const lifecycleDurables = 3

// AddClient lets an outside system use a feed.
func (s *Server) AddClient(ctx context.Context, r *identityv1.AddClientRequest) (*identityv1.AddClientResponse, error) {
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
		InboxPrefix: "_INBOX_" + r.GetName(), Position: result.Last,
	}
	if r.GetFeed() == client.HR {
		answer.Stream, answer.Durables = "HRREPLY", []string{"hrreply-" + r.GetName()}
		return answer, nil
	}
	answer.Stream = "LIFECYCLE"
	for n := range lifecycleDurables {
		answer.Durables = append(answer.Durables, fmt.Sprintf("%s-%d", r.GetName(), n+1))
	}
	return answer, nil
}
