package natsconf

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ostiary/ostiary/libs/messaging"
)

// TestAnOutsideSystemIsAddedAsTheDocumentSays adds the accounts of docs/feeds to
// the running server, whose services notice nothing. Each client has exactly the
// rights that the embedded bus gives it, does its work with them, and cannot make
// the server write elsewhere by the subject of an answer.
//
// Covers: OPS-007
func TestAnOutsideSystemIsAddedAsTheDocumentSays(t *testing.T) {
	n := start(t)
	service := n.connect("identity", "identity-secret")
	admin := n.jetStream(n.connect("admin", "admin-secret"))
	n.streams(admin)
	n.reads(service, "EV_POLICY", "identity-from-policy", 1)
	n.configure(documented(t))
	for range 2 {
		if err := n.server.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	if ack, err := n.jetStream(service).Publish(t.Context(), "lifecycle.account.opened", []byte("{}")); err != nil || ack.Sequence != 2 {
		t.Fatalf("the service after the reload: %+v, %v", ack, err)
	}
	clients := map[string]messaging.User{
		"PAYROLL": messaging.ClientUser("payroll", "PASSWORD-OF-PAYROLL", "hr.peoplesoft.>", "HRREPLY", "hrreply-payroll"),
		"WIKI":    messaging.ClientUser("wiki", "PASSWORD-OF-WIKI", "", "LIFECYCLE", "wiki-1", "wiki-2", "wiki-3"),
	}
	for account, want := range clients {
		n.hasRightsOf(n.user(account), want)
	}
	payroll, wiki := n.connect("payroll", "PASSWORD-OF-PAYROLL"), n.connect("wiki", "PASSWORD-OF-WIKI")
	if _, err := n.jetStream(payroll).Publish(t.Context(), "hr.peoplesoft.employee.hired", []byte("{}")); err != nil {
		t.Errorf("HR publishes: %v", err)
	}
	n.reads(payroll, "HRREPLY", "hrreply-payroll", 1)
	n.reads(wiki, "LIFECYCLE", "wiki-1", 2)
	if _, err := n.jetStream(service).Publish(t.Context(), "ev.identity.s.Happened", []byte("{}")); err != nil {
		t.Errorf("the service publishes: %v", err)
	}
	n.writesNowhere(payroll, clients["PAYROLL"])
	n.writesNowhere(wiki, clients["WIKI"])
}

// documented is the block of docs/feeds that adds clients.
func documented(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/feeds/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```nats\n")
	block, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/feeds shows no accounts")
	}
	return block
}

// user is the only user of an account of the file.
func (n *bus) user(account string) *server.User {
	n.t.Helper()
	options, err := server.ProcessConfigFile(n.file)
	if err != nil {
		n.t.Fatal(err)
	}
	var found []*server.User
	for _, u := range options.Users {
		if u.Account.Name == account {
			found = append(found, u)
		}
	}
	if len(found) != 1 {
		n.t.Fatalf("%s has %d users", account, len(found))
	}
	return found[0]
}

func (n *bus) connect(user, password string) *nats.Conn {
	n.t.Helper()
	c, err := nats.Connect(n.server.ClientURL(), nats.UserInfo(user, password), nats.CustomInboxPrefix(messaging.InboxPrefix(user)))
	if err != nil {
		n.t.Fatalf("%s: %v", user, err)
	}
	n.t.Cleanup(c.Close)
	return c
}

func (n *bus) jetStream(c *nats.Conn) jetstream.JetStream {
	n.t.Helper()
	js, err := jetstream.New(c)
	if err != nil {
		n.t.Fatal(err)
	}
	return js
}

// streams makes the streams of the feeds, with a message each, and the places of
// the clients.
func (n *bus) streams(admin jetstream.JetStream) {
	n.t.Helper()
	places := map[string][]string{"EV_POLICY": {"identity-from-policy"}, "EV_IDENTITY": nil, "HR": nil, "HRREPLY": {"hrreply-payroll"}, "LIFECYCLE": {"wiki-1", "wiki-2", "wiki-3"}}
	for stream, durables := range places {
		subject := strings.ReplaceAll(strings.ToLower(stream), "_", ".")
		s, err := admin.CreateStream(n.t.Context(), jetstream.StreamConfig{Name: stream, Subjects: []string{subject + ".>"}})
		if err == nil {
			_, err = admin.Publish(n.t.Context(), subject+".first.said", []byte("{}"))
		}
		for _, d := range durables {
			if err == nil {
				_, err = s.CreateConsumer(n.t.Context(), jetstream.ConsumerConfig{Durable: d, AckPolicy: jetstream.AckExplicitPolicy})
			}
		}
		if err != nil {
			n.t.Fatal(err)
		}
	}
}

// reads takes so many messages of a place with one question and acknowledges them.
func (n *bus) reads(c *nats.Conn, stream, durable string, messages int) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	consumer, err := n.jetStream(c).Consumer(ctx, stream, durable)
	if err != nil {
		n.t.Fatal(err)
	}
	batch, err := consumer.Fetch(messages, jetstream.FetchMaxWait(patience))
	if err != nil {
		n.t.Fatal(err)
	}
	for m := range batch.Messages() {
		if err := m.DoubleAck(ctx); err != nil {
			n.t.Error(err)
		}
		messages--
	}
	if messages != 0 {
		n.t.Errorf("at %s %d messages are missing: %v", durable, messages, batch.Error())
	}
}

// writesNowhere asks all that a client may ask and names for the answer what it
// may not write.
func (n *bus) writesNowhere(c *nats.Conn, u messaging.User) {
	n.t.Helper()
	targets := []string{"ev.identity.person.Forged", "hr.other.employee.hired", "hrreply.other.E1", "lifecycle.grant.forged", "$JS.API.STREAM.DELETE.HR"}
	seen := make(chan string, 1024)
	spy := n.connect("admin", "admin-secret")
	if _, err := spy.Subscribe(">", func(m *nats.Msg) { seen <- m.Subject }); err != nil {
		n.t.Fatal(err)
	}
	if err := spy.Flush(); err != nil {
		n.t.Fatal(err)
	}
	for _, allowed := range u.Publish {
		if !strings.HasPrefix(allowed, "$JS.ACK.") {
			n.ask(c, strings.Replace(allowed, ">", "x", 1), targets)
		}
	}
	if err := spy.Publish("marker", nil); err != nil {
		n.t.Fatal(err)
	}
	for subject := <-seen; subject != "marker"; subject = <-seen {
		if slices.Contains(targets, subject) {
			n.t.Errorf("%s made the server write to %s", u.Name, subject)
		}
	}
	spy.Close()
}

// ask asks a subject for answers at the targets and returns when it has answered.
func (n *bus) ask(c *nats.Conn, subject string, targets []string) {
	n.t.Helper()
	body := []byte(`{"batch":1,"no_wait":true}`)
	for _, target := range targets {
		if err := c.PublishRequest(subject, target, body); err != nil {
			n.t.Fatal(err)
		}
	}
	if _, err := c.Request(subject, body, patience); err != nil {
		n.t.Fatalf("%s: %v", subject, err)
	}
}
