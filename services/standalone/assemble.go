package standalone

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/servicekit"

	accessrequest "github.com/ostiary/ostiary/services/access-request"
	"github.com/ostiary/ostiary/services/approval"
	"github.com/ostiary/ostiary/services/audit"
	"github.com/ostiary/ostiary/services/identity"
	"github.com/ostiary/ostiary/services/policy"
	"github.com/ostiary/ostiary/services/provisioning"

	"github.com/ostiary/ostiary/services/standalone/internal/databases"
)

// Parts are what the services of a process are assembled from.
type Parts struct {
	// Config says where the bus listens.
	Config Config
	// Home is where keys, bus and clients' files lie; absolute.
	Home string
	// Databases is an administrator's address of the PostgreSQL that gets a
	// database for each service.
	Databases string
	// Clock is the only time.
	Clock clock.Clock
	// Zone is where local days begin and end.
	Zone *time.Location
	// Log is for operators.
	Log *slog.Logger
}

// Assembly is every service of the process, wired to each other by the embedded
// bus and not yet running.
type Assembly struct {
	*servicekit.Host
	bus *bus
}

// Assemble starts the bus, makes the databases and builds the services. Nothing
// runs until Run, and nobody outside is served but by the bus.
func Assemble(ctx context.Context, p Parts) (*Assembly, error) {
	b, err := startBus(ctx, p.Config, p.Home, p.Log)
	if err != nil {
		return nil, err
	}
	if err := writeClients(p.Config, p.Home); err != nil {
		b.close()
		return nil, err
	}
	h, err := newHost(ctx, p, b)
	if err != nil {
		b.close()
		return nil, err
	}
	b.admit(h.Client)
	return &Assembly{Host: h, bus: b}, nil
}

// Close releases what Assemble opened; after Run has returned.
func (a *Assembly) Close() {
	a.Host.Close()
	a.bus.close()
}

// definitions are the services of this process.
func definitions() []servicekit.Definition {
	return []servicekit.Definition{
		policy.Definition(), identity.Definition(), accessrequest.Definition(), approval.Definition(), provisioning.Definition(), audit.Definition(),
	}
}

// newHost builds the services of the process.
func newHost(ctx context.Context, p Parts, b *bus) (*servicekit.Host, error) {
	var names []string
	for _, d := range definitions() {
		names = append(names, d.Name)
	}
	urls, err := databases.Cluster{AdminURL: p.Databases, SecretFile: filepath.Join(p.Home, "keys", "database.secret")}.Ensure(ctx, names)
	if err != nil {
		return nil, err
	}
	keyFile := func(name string) string { return filepath.Join(p.Home, "keys", name+".key") }
	issuers := map[string]ed25519.PublicKey{}
	keys := map[string]ed25519.PrivateKey{}
	for _, name := range names {
		if keys[name], err = authn.LoadOrCreateKey(keyFile("service-" + name)); err != nil {
			return nil, fmt.Errorf("load the key of %s: %w", name, err)
		}
		issuers["ostiary/service/"+name] = publicOf(keys[name])
	}
	people, err := authn.LoadOrCreateKey(keyFile("identity"))
	if err != nil {
		return nil, fmt.Errorf("load the key that signs for people: %w", err)
	}
	issuers["ostiary/identity"] = publicOf(people)
	return servicekit.NewHost(ctx, servicekit.Options{
		Definitions: definitions(),
		Database: func(service string) servicekit.Database {
			return servicekit.Database{URL: urls[service].Service, OwnerURL: urls[service].Owner}
		},
		Bus:        func(service string) (*nats.Conn, error) { return b.connect(service) },
		Recover:    b.ensure,
		KeyFile:    keyFile,
		ServiceKey: func(service string) (ed25519.PrivateKey, error) { return keys[service], nil },
		Issuers:    issuers,
		Clock:      p.Clock,
		Zone:       p.Zone,
		Log:        p.Log,
	})
}

// publicOf is the public half of a key.
func publicOf(key ed25519.PrivateKey) ed25519.PublicKey {
	public, _ := key.Public().(ed25519.PublicKey)
	return public
}
