package servicekit

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // local days need the zone in any image

	"github.com/kelseyhightower/envconfig"
	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/telemetry"
)

// Settings are what every service reads when it runs alone, with its name as
// prefix: ACCESS_REQUEST_DATABASE_URL and so on.
type Settings struct {
	// DatabaseURL is for the service's role.
	DatabaseURL string `envconfig:"DATABASE_URL" required:"true"`
	// OwnerDatabaseURL is for the owner of the tables; without it nothing is
	// migrated.
	OwnerDatabaseURL string `envconfig:"OWNER_DATABASE_URL"`
	// NATSURL is the bus, user and password included.
	NATSURL string `envconfig:"NATS_URL" required:"true"`
	// Listen serves gRPC.
	Listen string `envconfig:"LISTEN" default:"127.0.0.1:9090"`
	// Health serves /healthz, /readyz and /metrics.
	Health string `envconfig:"HEALTH" default:"127.0.0.1:9464"`
	// Keys is the folder with the service's own keys (*.key) and the public
	// keys of all who sign tokens (*.pub).
	Keys string `envconfig:"KEYS" required:"true"`
	// Zone is where local days begin and end.
	Zone string `envconfig:"ZONE" default:"Asia/Shanghai"`
	// Peers are the addresses of the other services: "identity=host:port,…".
	Peers Addresses `envconfig:"PEERS"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `envconfig:"LOG_LEVEL" default:"info"`
}

// Main runs one service as a process of its own until it is told to stop.
func Main(d Definition) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := alone(ctx, d); err != nil {
		fmt.Fprintf(os.Stderr, "ostiary-%s: %v\n", d.Name, err)
		os.Exit(1)
	}
}

func alone(ctx context.Context, d Definition) error {
	var s Settings
	if err := envconfig.Process(strings.ReplaceAll(d.Name, "-", "_"), &s); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return fmt.Errorf("zone: %w", err)
	}
	ticks, err := clock.Parse(os.Getenv("OSTIARY_CLOCK"))
	if err != nil {
		return err
	}
	log := telemetry.NewLogger(os.Stderr, s.LogLevel)
	issuers, err := Issuers(s.Keys)
	if err != nil {
		return err
	}
	h, err := NewHost(ctx, Options{
		Definitions: []Definition{d},
		Database:    func(string) Database { return Database{URL: s.DatabaseURL, OwnerURL: s.OwnerDatabaseURL} },
		Bus:         func(service string) (*nats.Conn, error) { return connectBus(s.NATSURL, service, log) },
		Remote: func(service string) (grpc.ClientConnInterface, error) {
			address, ok := s.Peers[service]
			if !ok {
				return nil, fmt.Errorf("no address of %s in the peers", service)
			}
			return grpc.NewClient(address, append(grpckit.ClientInterceptors(nil), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
		},
		KeyFile: func(name string) string { return filepath.Join(s.Keys, name+".key") },
		ServiceKey: func(service string) (ed25519.PrivateKey, error) {
			return authn.LoadOrCreateKey(filepath.Join(s.Keys, "service-"+service+".key"))
		},
		Issuers:        issuers,
		FollowSessions: d.Name != authn.SessionsKeptBy,
		Clock:          ticks,
		Zone:           zone,
		Log:            log,
	})
	if err != nil {
		return err
	}
	defer h.Close()
	return serve(ctx, h, d.Name, s)
}

// serve listens and runs until ctx ends.
func serve(ctx context.Context, h *Host, service string, s Settings) error {
	api, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	health, err := net.Listen("tcp", s.Health)
	if err != nil {
		return fmt.Errorf("listen for health: %w", err)
	}
	server := h.units[service].server
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.Run(ctx) })
	g.Go(func() error { return server.Serve(api) })
	g.Go(func() error { return Health{Causes: h.Brief}.Serve(ctx, health) })
	return g.Wait()
}

// Issuers reads the public keys of all who sign tokens: files
// "<issuer>.pub", base64; "identity.pub" signs for people,
// "service-<name>.pub" for services.
func Issuers(dir string) (map[string]ed25519.PublicKey, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.pub"))
	if err != nil {
		return nil, fmt.Errorf("list public keys: %w", err)
	}
	issuers := map[string]ed25519.PublicKey{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read public key: %w", err)
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(b)))
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("read public key %s: not a base64 Ed25519 key", filepath.Base(file))
		}
		name := strings.TrimSuffix(filepath.Base(file), ".pub")
		if service, ok := strings.CutPrefix(name, "service-"); ok {
			name = "service/" + service
		}
		issuers["ostiary/"+name] = key
	}
	return issuers, nil
}

// Publish writes the public half of a key beside it, unless it is there.
func Publish(keyFile string, key ed25519.PrivateKey) error {
	path := strings.TrimSuffix(keyFile, ".key") + ".pub"
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	public := base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	if err := os.WriteFile(path, []byte(public+"\n"), 0o644); err != nil {
		return fmt.Errorf("publish key: %w", err)
	}
	return nil
}

// connectBus signs in with user and password of the URL, or as the service. The
// user of a service is the service: its inbox goes by that name.
func connectBus(address, service string, log *slog.Logger) (*nats.Conn, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address of the bus is not a URL") // it may hold a password
	}
	password, _ := u.User.Password()
	u.User = nil
	return messaging.Connect(u.String(), service, password, log)
}
