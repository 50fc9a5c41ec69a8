package messaging_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ostiary/ostiary/libs/messaging"
)

// TestServiceUsersAreConfined tries, as each service, what only others may do.
func TestServiceUsersAreConfined(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	b.mustEnsure()
	for _, user := range services {
		refused := make(chan error, 1)
		c, err := nats.Connect(b.server.URL(), nats.UserInfo(user, "pw-"+user), nats.CustomInboxPrefix("_INBOX_"+user),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		own := messaging.StreamName(user)
		forbidden := []string{
			"ev", "hr.x.employee.hired", "$SYS.REQ.SERVER.PING",
			"$JS.API.STREAM.CREATE.X", "$JS.API.STREAM.UPDATE." + own, "$JS.API.STREAM.DELETE." + own, "$JS.API.STREAM.PURGE." + own,
			"$JS.API.STREAM.MSG.DELETE." + own, "$JS.API.STREAM.MSG.GET." + own, "$JS.API.DIRECT.GET." + own, "$JS.API.STREAM.NAMES",
			"$JS.API.CONSUMER.CREATE." + own, "$JS.API.CONSUMER.DURABLE.CREATE." + own + ".x",
		}
		for _, other := range services {
			if other == user {
				continue
			}
			stream := messaging.StreamName(other)
			forbidden = append(forbidden, "ev."+other+".person.EmploymentStarted", "$JS.API.STREAM.INFO."+stream, "_INBOX_"+other+".x")
			for _, third := range services {
				if third != user && third != other {
					durable := messaging.DurableName(third, other)
					forbidden = append(forbidden, "$JS.API.CONSUMER.MSG.NEXT."+stream+"."+durable,
						"$JS.API.CONSUMER.INFO."+stream+"."+durable, "$JS.ACK."+stream+"."+durable+".1.1.1.1.0",
						"$JS.API.CONSUMER.DELETE."+stream+"."+durable)
				}
			}
		}
		expect := func(what string) {
			t.Helper()
			if err := c.Flush(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-refused:
			case <-time.After(patience):
				t.Errorf("%s was let %s", user, what)
			}
		}
		for _, subject := range forbidden {
			if err := c.Publish(subject, []byte("x")); err != nil {
				t.Fatal(err)
			}
			expect("publish to " + subject)
		}
		for _, other := range services {
			if other == user {
				continue
			}
			for _, subject := range []string{"_INBOX_" + other + ".>", "ev." + other + ".>", ">"} {
				if _, err := c.SubscribeSync(subject); err != nil {
					t.Fatal(err)
				}
				expect("subscribe to " + subject)
			}
		}
		if err := c.Publish("ev."+user+".s.Happened", nil); err != nil {
			t.Fatal(err)
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-refused:
			t.Errorf("%s may not publish its own: %v", user, err)
		default:
		}
	}
	admin := b.js("admin")
	for _, s := range services {
		stream, err := admin.Stream(t.Context(), messaging.StreamName(s))
		if err != nil {
			t.Fatal(err)
		}
		if n := stream.CachedInfo().State.Msgs; n != 1 {
			t.Errorf("%s has %d messages, want the one of its owner", s, n)
		}
	}
	if _, err := nats.Connect(b.server.URL()); err == nil {
		t.Error("somebody without a name was let in")
	}
	if _, err := nats.Connect(b.server.URL(), nats.UserInfo("policy", "pw-identity")); err == nil {
		t.Error("a wrong password was let in")
	}
}

// TestFilesAreEncrypted looks for a published text in the files.
func TestFilesAreEncrypted(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	b.mustEnsure()
	needle := []byte("the-needle-in-the-files")
	if _, err := b.js("identity").Publish(t.Context(), "ev.identity.s.Happened", needle); err != nil {
		t.Fatal(err)
	}
	b.stop()
	files := 0
	err := filepath.WalkDir(b.config.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if bytes.Contains(data, needle) {
			t.Errorf("%s holds the text in clear", filepath.Base(path))
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("looked at %d files: %v", files, err)
	}
}

// TestEnsureStreams may run again, keeps what is there, begins a new stream
// where the history begins, and makes streams that nobody can thin out.
func TestEnsureStreams(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	b.mustEnsure()
	js := b.js("admin")
	if _, err := js.Publish(t.Context(), "ev.identity.s.Happened", nil); err != nil {
		t.Fatal(err)
	}
	trimmed := []messaging.Source{{Service: "identity", First: 500}, {Service: "policy", First: 500}}
	for range 2 {
		if err := messaging.EnsureStreams(t.Context(), js, trimmed, nil); err != nil {
			t.Fatal(err)
		}
	}
	for service, want := range map[string]uint64{"identity": 1, "policy": 499} {
		s, err := js.Stream(t.Context(), messaging.StreamName(service))
		if err != nil {
			t.Fatal(err)
		}
		info := s.CachedInfo()
		if info.State.LastSeq != want {
			t.Errorf("%s stands at %d, want %d", service, info.State.LastSeq, want)
		}
		if !info.Config.DenyDelete || !info.Config.DenyPurge || info.Config.MaxAge != 30*24*time.Hour || info.Config.Storage != jetstream.FileStorage {
			t.Errorf("%s has the configuration %+v", service, info.Config)
		}
		if err := s.Purge(t.Context()); err == nil {
			t.Errorf("%s could be purged", service)
		}
	}
	c, err := js.Consumer(t.Context(), "EV_ACCESS_REQUEST", "identity-from-access-request")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.CachedInfo().Config; got.AckPolicy != jetstream.AckExplicitPolicy || got.DeliverPolicy != jetstream.DeliverAllPolicy || got.MaxAckPending != 1024 {
		t.Errorf("the durable is %+v", got)
	}
}

// TestEmbeddedNeedsUsers: without users everybody would be admitted.
func TestEmbeddedNeedsUsers(t *testing.T) {
	t.Parallel()
	if s, err := messaging.Embedded(messaging.Config{Dir: t.TempDir(), Port: -1}); err == nil {
		s.Close()
		t.Fatal("it started")
	}
}

// TestEmbeddedSaysWhatToDo: a wrong key and a taken port are told.
func TestEmbeddedSaysWhatToDo(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	second := b.config
	second.Dir = t.TempDir()
	if s, err := messaging.Embedded(second); err == nil {
		s.Close()
		t.Error("two servers share a port")
	}
}

func TestConnectOutlivesTheServer(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	b.mustEnsure()
	b.stop()
	js := b.js("identity") // connects later
	b.start()
	eventually(t, "publish after the server came", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := js.Publish(ctx, "ev.identity.s.Happened", fmt.Append(nil, "x"))
		return err == nil
	})
}
