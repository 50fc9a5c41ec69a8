package company

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc/metadata"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/standalone"
)

// patience is how long what must come may take, on a slow machine.
const patience = 5 * time.Minute

// installation is the product as it composes itself, with companies in it.
type installation struct {
	t        *testing.T
	assembly *standalone.Assembly
	people   *authn.Signer
	audit    *authn.Signer
	hr       jetstream.JetStream
}

// install starts everything on databases of its own, with a target on a server
// of its own.
func install(t *testing.T) *installation {
	t.Helper()
	home, port := folder(t), freePort(t)
	target := testkit.PostgresWith(t, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	t.Setenv("COMPANY_DSN", target.Admin)
	t.Setenv("IDENTITY_FEED_URL", "nats://127.0.0.1:"+strconv.Itoa(port))
	t.Setenv("IDENTITY_BOOTSTRAP_PASSWORD", "Correct-Horse-7")
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("COMPANY_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	a, err := standalone.Assemble(t.Context(), standalone.Parts{
		Config: standalone.Config{Host: "127.0.0.1", NATSPort: port}, Home: home,
		Databases: testkit.PostgresWith(t).Admin, Clock: clock.NewManual(begin), Zone: zone, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the services ended with %v", err)
		}
		a.Close()
	})
	i := &installation{t: t, assembly: a, people: signer(t, home, authn.IssuerIdentity, "identity"), audit: signer(t, home, "ostiary/service/audit", "service-audit")}
	i.eventually("ready", func() bool { return len(a.Causes()) == 0 })
	i.connectHR(home)
	return i
}

func signer(t *testing.T, home, issuer, file string) *authn.Signer {
	t.Helper()
	key, err := authn.LoadOrCreateKey(filepath.Join(home, "keys", file+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return authn.NewSigner(issuer, key, clock.System{}.Now)
}

// connectHR connects as the HR systems do, with the file that was written for
// them.
func (i *installation) connectHR(home string) {
	i.t.Helper()
	b, err := os.ReadFile(filepath.Join(home, "clients", "hr.json"))
	if err != nil {
		i.t.Fatal(err)
	}
	var file struct{ URL, User, Password, InboxPrefix string }
	var raw map[string]any
	if err := errors.Join(json.Unmarshal(b, &file), json.Unmarshal(b, &raw)); err != nil {
		i.t.Fatal(err)
	}
	var conn *nats.Conn
	i.eventually("HR may connect", func() bool {
		conn, err = nats.Connect(file.URL, nats.UserInfo(file.User, file.Password), nats.CustomInboxPrefix(fmt.Sprint(raw["inbox_prefix"])))
		return err == nil
	})
	i.t.Cleanup(conn.Close)
	if i.hr, err = jetstream.New(conn); err != nil {
		i.t.Fatal(err)
	}
}

// as is a call signed in as a person, with a command id of its own.
func (i *installation) as(number, person string, roles ...string) (context.Context, string) {
	id := uuid.NewString()
	ctx := i.signed(i.people, authn.Claims{Subject: number, Session: "ses_" + number, Person: person, Roles: roles})
	return metadata.AppendToOutgoingContext(ctx, grpckit.HeaderCommandID, id), id
}

// operator is a call of somebody who runs the installation.
func (i *installation) operator() context.Context {
	ctx, _ := i.as("root", "", "admin", "access-admin", "auditor")
	return ctx
}

// reader is a call of the service that reads all histories.
func (i *installation) reader() context.Context {
	return i.signed(i.audit, authn.Claims{Subject: "audit"})
}

func (i *installation) signed(s *authn.Signer, c authn.Claims) context.Context {
	token, err := s.Sign(c, authn.MaxLife)
	if err != nil {
		panic(err) // the key is there and the claims are ours
	}
	return grpckit.WithToken(i.t.Context(), token)
}

func (i *installation) eventually(what string, is func() bool) {
	i.t.Helper()
	for deadline := time.Now().Add(patience); !is(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			i.t.Fatalf("never: %s; %v", what, i.assembly.Causes())
		}
	}
}

// folder is for what is no database, beside those of the test's servers.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(os.Getenv("TESTKIT_DIR"), "ostiary-company-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
