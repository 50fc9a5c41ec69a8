package messaging_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/ostiary/ostiary/libs/messaging"
)

// foreign are subjects on which an answer must never arrive, because nobody but
// their owners may write there: events, feeds, the broker's own and inboxes.
var foreign = []string{
	"ev.identity.person.EmploymentEnded", "ev.policy.pack.PackPublished", "ev.access-request.request.Forged",
	"hr.other.employee.hired", "hrreply.other.E1", "lifecycle.grant.forged",
	"$JS.API.STREAM.PURGE.LIFECYCLE", "$JS.API.STREAM.DELETE.HRREPLY", "$JS.API.CONSUMER.DELETE.LIFECYCLE.other-1",
	"$JS.ACK.EV_POLICY.identity-from-policy.1.1.1.1.0", "$JS.ACK.HR.identity-from-HR.1.1.1.1.0",
	"$SYS.REQ.SERVER.PING", "_INBOX_identity.x", "_INBOX_admin.x", "_R_.forged",
}

// TestNobodyMakesTheServerWriteForHim asks, as every kind of user, all that the
// user may ask, and names as the place for the answer, or for the server's trace,
// what only others may write. The server must not carry it there with its own
// authority.
//
// Covers: OPS-004
func TestNobodyMakesTheServerWriteForHim(t *testing.T) {
	t.Parallel()
	for _, u := range append(users()[1:], outside()...) {
		t.Run(u.Name, func(t *testing.T) {
			t.Parallel()
			b := newFeeds(t)
			spy, c := b.spy(), b.connect(u.Name)
			targets := slices.DeleteFunc(slices.Clone(foreign), func(s string) bool { return mayWrite(u, s) })
			for _, allowed := range u.Publish {
				for _, reply := range targets {
					for _, body := range asking(allowed) {
						b.publish(c, &nats.Msg{Subject: literal(allowed), Reply: reply, Data: []byte(body)})
					}
					b.publish(c, &nats.Msg{Subject: literal(allowed), Header: nats.Header{"Nats-Trace-Dest": {reply}}})
				}
			}
			b.settle(u, c)
			spy.catchUp()
			for _, reply := range targets {
				if spy.saw(reply) {
					t.Errorf("%s made the server write to %s", u.Name, reply)
				}
			}
		})
	}
}

// TestARightThatWasTakenAwayLeadsNowhere: a client whose source was changed has no
// way left to the source that it spoke for, neither itself nor by an answer.
func TestARightThatWasTakenAwayLeadsNowhere(t *testing.T) {
	t.Parallel()
	b := newFeeds(t)
	first := messaging.ClientUser("changing", "pw-changing", "hr.before.>", "HRREPLY", "hrreply-peoplesoft")
	second := messaging.ClientUser("changing", "pw-changing", "hr.after.>", "HRREPLY", "hrreply-peoplesoft")
	b.admit(first)
	if _, err := b.connect("changing").Request("hr.before.x", nil, patience); err != nil {
		t.Fatal(err)
	}
	b.admit(second)
	spy, c := b.spy(), b.connect("changing")
	b.publish(c, &nats.Msg{Subject: "hr.after.x", Reply: "hr.before.y"})
	b.publish(c, &nats.Msg{Subject: "hr.before.z"})
	b.settle(second, c)
	spy.catchUp()
	for _, subject := range []string{"hr.before.y", "hr.before.z"} {
		if spy.saw(subject) {
			t.Errorf("%s was written", subject)
		}
	}
}

// asking are the bodies with which a subject may be asked.
func asking(subject string) []string {
	switch {
	case strings.HasPrefix(subject, "$JS.API.CONSUMER.MSG.NEXT."):
		return []string{`{"batch":1,"no_wait":true}`, `{"batch":2,"expires":1000000000}`, "not json"}
	case strings.HasPrefix(subject, "$JS.ACK."):
		return []string{"", "+NXT", "-NAK"}
	}
	return []string{"", "{}"}
}

// literal is a subject of those that are allowed.
func literal(allowed string) string {
	if strings.HasPrefix(allowed, "$JS.ACK.") {
		return strings.TrimSuffix(allowed, ">") + "1.1.1.1.0"
	}
	return strings.Replace(allowed, ">", "s.Asked", 1)
}

// mayWrite says whether a user may publish to a subject itself.
func mayWrite(u messaging.User, subject string) bool {
	return slices.ContainsFunc(u.Publish, func(allowed string) bool {
		prefix, wild := strings.CutSuffix(allowed, ">")
		return subject == allowed || wild && strings.HasPrefix(subject, prefix)
	})
}

func (b *bus) publish(c *nats.Conn, m *nats.Msg) {
	b.t.Helper()
	if err := c.PublishMsg(m); err != nil {
		b.t.Fatal(err)
	}
}

// settle returns when all that the user asked has been answered: what is asked
// later of the same place is answered later.
func (b *bus) settle(u messaging.User, c *nats.Conn) {
	b.t.Helper()
	admin := b.js("admin")
	for _, allowed := range u.Publish {
		body := "{}"
		if place, ok := strings.CutPrefix(allowed, "$JS.API.CONSUMER.MSG.NEXT."); ok {
			stream, durable, _ := strings.Cut(place, ".")
			if _, err := admin.Consumer(b.t.Context(), stream, durable); err != nil {
				continue // nobody reads itself
			}
			body = `{"batch":1,"no_wait":true}`
		}
		if strings.HasPrefix(allowed, "$JS.ACK.") {
			continue // settled by the pull, which stands behind it
		}
		if _, err := c.Request(literal(allowed), []byte(body), patience); err != nil {
			b.t.Fatalf("%s asks %s: %v", u.Name, allowed, err)
		}
	}
}

// spy notes the subjects of all that is published in the services' account.
type spy struct {
	t    testing.TB
	conn *nats.Conn
	mu   sync.Mutex
	seen map[string]bool
}

func (b *bus) spy() *spy {
	b.t.Helper()
	s := &spy{t: b.t, conn: b.connect("admin"), seen: map[string]bool{}}
	_, err := s.conn.Subscribe(">", func(m *nats.Msg) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen[m.Subject] = true
	})
	if err == nil {
		err = s.conn.Flush()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (s *spy) saw(subject string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[subject]
}

// catchUp returns when the spy has read what was published so far.
func (s *spy) catchUp() {
	s.t.Helper()
	if err := s.conn.Publish("marker", nil); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "the spy has read all", func() bool { return s.saw("marker") })
}
