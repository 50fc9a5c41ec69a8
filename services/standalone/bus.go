package standalone

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ostiary/ostiary/libs/keyfile"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"
)

// readers are the services that react to a source by way of the bus. Audit is
// not among them: it reads the Feed of every service itself.
var readers = map[string][]string{
	"identity":       {"policy", "access-request"},
	"access-request": {"policy", "identity", "approval", "provisioning"},
	"approval":       {"policy", "identity", "access-request"},
	"provisioning":   {"policy", "access-request"},
	"policy":         {"identity", "access-request", "approval", "provisioning"},
	"audit":          nil,
}

// bus is the embedded NATS server. It may be deleted at any time: streams and
// durables are made anew and filled from the stores.
type bus struct {
	server *messaging.Server
	log    *slog.Logger

	mu      sync.Mutex
	admin   jetstream.JetStream
	conn    *nats.Conn
	clients func(user, password string) (servicekit.OutsideClient, bool) // nil until identity runs
}

// admit lets outside systems in once somebody can tell who they are.
func (b *bus) admit(clients func(user, password string) (servicekit.OutsideClient, bool)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clients = clients
}

// outside finds an outside system.
func (b *bus) outside(user, password string) (messaging.User, bool) {
	b.mu.Lock()
	clients := b.clients
	b.mu.Unlock()
	if clients == nil {
		return messaging.User{}, false
	}
	c, ok := clients(user, password)
	return c.User(password), ok
}

// startBus starts NATS with a user for each service that may do no more than
// its work, files encrypted and flushed before they are confirmed.
func startBus(ctx context.Context, c Config, home string, log *slog.Logger) (*bus, error) {
	key, err := secret(filepath.Join(home, "keys", "nats.key"))
	if err != nil {
		return nil, err
	}
	users := []messaging.User{messaging.AdminUser(key + "-admin")}
	for service, sources := range readers {
		users = append(users, messaging.ServiceUser(service, key+"-"+service, sources...))
	}
	b := &bus{log: log}
	server, err := messaging.Embedded(messaging.Config{
		Log: log,
		Dir: filepath.Join(home, "nats"), Host: c.Host, Port: c.NATSPort, Users: users, SyncAlways: true, Key: key, Outside: b.outside,
	})
	if err != nil {
		return nil, err
	}
	b.server = server
	if b.conn, err = server.Connect("admin", log); err != nil {
		server.Close()
		return nil, err
	}
	if b.admin, err = jetstream.New(b.conn); err != nil {
		b.close()
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	if err := b.ensure(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// ensure makes streams and durables that are missing.
func (b *bus) ensure(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var sources []messaging.Source
	var subscriptions []messaging.Subscription
	for service, reads := range readers {
		sources = append(sources, messaging.Source{Service: service})
		for _, source := range reads {
			subscriptions = append(subscriptions, messaging.Subscription{Consumer: service, Source: source})
		}
	}
	return messaging.EnsureStreams(ctx, b.admin, sources, subscriptions)
}

func (b *bus) connect(service string) (*nats.Conn, error) { return b.server.Connect(service, b.log) }

func (b *bus) close() {
	if b.conn != nil {
		b.conn.Close()
	}
	b.server.Close()
}

// secret reads or makes a random secret outside the databases.
func secret(path string) (string, error) {
	b, err := keyfile.LoadOrCreate(path, func() ([]byte, error) {
		raw := make([]byte, 32)
		rand.Read(raw)
		return []byte(hex.EncodeToString(raw)), nil
	})
	if err != nil {
		return "", fmt.Errorf("load the key of the bus: %w", err)
	}
	return string(b), nil
}
