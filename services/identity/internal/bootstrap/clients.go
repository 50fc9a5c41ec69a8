package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"

	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
)

// ClientSecretFile is the name of the key file with the secret of a client that
// is there from the first start; whoever installs puts it there.
func ClientSecretFile(name string) string { return "client-" + name }

// firstClients are the outside systems that are there from the first start if
// their secrets are.
var firstClients = []client.Add{
	{Name: "hr", Feed: client.HR, Source: client.AllSources, FirstStart: true},
	{Name: "lifecycle", Feed: client.Lifecycle},
}

// Clients makes the first clients, and repeats that until it succeeds.
func (f *First) Clients(ctx context.Context) error {
	for ctx.Err() == nil {
		var err error
		for _, c := range firstClients {
			err = errors.Join(err, f.client(ctx, c))
		}
		if err == nil {
			return nil
		}
		f.p.Log.WarnContext(ctx, "first clients not made yet", "error", err)
		_ = (clock.System{}).Until(ctx, clock.System{}.Now().Add(time.Second)) // ends with ctx
	}
	return nil
}

func (f *First) client(ctx context.Context, add client.Add) error {
	stream := client.Stream(add.Name)
	known, _, err := eventstore.Load(ctx, f.p.Journal, client.Decider, stream)
	if err != nil || known.Name != "" {
		return err
	}
	secret, err := os.ReadFile(f.p.KeyFile(ClientSecretFile(add.Name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the secret of client %s: %w", add.Name, err)
	}
	if add.CredentialID, err = f.credentials.PutSecret(ctx, strings.TrimSpace(string(secret))); err != nil {
		return err
	}
	command := uuid.NewSHA1(namespace, []byte(stream)).String()
	_, err = eventstore.Execute(ctx, f.p.Journal, client.Decider, stream,
		eventstore.Command{ID: command, Digest: eventstore.Digest("bootstrap", stream, f.p.Service, nil)},
		eventstore.Metadata{Actor: "service:" + f.p.Service}, client.Command(add))
	return err
}
