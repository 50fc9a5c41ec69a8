package messaging

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
)

// Whoever asks NATS for something names the subject of the answer, and the
// server publishes there with its own authority: permissions hold for what is
// asked, not for the place of the answer. So a user that is not the admin has an
// account of its own, into which the services' account gives exactly the subjects
// that the user may publish to. The subject that it names for an answer is one of
// its own account, and leads out of it by those same subjects only (decision 17).

// Export is what the services' account offers to other accounts. Each of them
// takes of it the subjects of its user.
type Export struct {
	Subject string
	// Streamed: a request has several answers. They end with an empty one, or
	// when none has come for two minutes; what is sent to a pull that has ended
	// so comes again after the ack wait of its durable.
	Streamed bool
}

// Exports lists what is offered to users: to publish, to look, to pull, to
// acknowledge, and the streams of the feeds to their keeper.
func Exports() []Export {
	exports := []Export{{Subject: "$JS.API.CONSUMER.MSG.NEXT.*.*", Streamed: true}}
	for _, subject := range []string{
		"ev.>", "hr.>", "hrreply.>", "lifecycle.>", "$JS.ACK.>",
		"$JS.API.CONSUMER.INFO.*.*", "$JS.API.CONSUMER.CREATE.*.>",
		"$JS.API.STREAM.INFO.*", "$JS.API.STREAM.CREATE.*", "$JS.API.STREAM.UPDATE.*", "$JS.API.STREAM.PURGE.*",
	} {
		exports = append(exports, Export{Subject: subject})
	}
	return exports
}

// offer makes the exports of the services' account.
func offer(services *server.Account) error {
	for _, e := range Exports() {
		kind := server.Singleton
		if e.Streamed {
			kind = server.Streamed
		}
		if err := services.AddServiceExportWithResponse(e.Subject, kind, nil); err != nil {
			return fmt.Errorf("offer %s: %w", e.Subject, err)
		}
	}
	return nil
}

// accounts are those of the users, made when they are needed first.
type accounts struct {
	log    *slog.Logger
	mu     sync.Mutex
	server *server.Server
	made   map[string]*server.Account
}

// of returns the account of a user: that of the services for one who may do
// everything, else its own. A user whose rights have changed gets another one, so
// that no answer leads out by a right that it had before.
func (a *accounts) of(u User) (*server.Account, error) {
	services := a.server.GlobalAccount()
	if !u.confined() {
		return services, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	name := accountName(u)
	if own, ok := a.made[name]; ok {
		return own, nil
	}
	own, err := a.server.RegisterAccount(name)
	if err != nil {
		return nil, fmt.Errorf("make the account of %s: %w", u.Name, err)
	}
	for _, subject := range u.Publish {
		if err := own.AddServiceImport(services, subject, subject); err != nil {
			return nil, fmt.Errorf("give %s to %s: %w", subject, u.Name, err)
		}
	}
	a.made[name] = own
	return own, nil
}

// accountName is of a user with these rights.
func accountName(u User) string {
	sum := sha256.Sum256([]byte(strings.Join(u.Publish, "\n")))
	return u.Name + "-" + hex.EncodeToString(sum[:8])
}
