package messaging

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect signs in to NATS over the network. The connection comes back by
// itself after a loss, for ever; the first one may also come later.
func Connect(url, user, password string, log *slog.Logger) (*nats.Conn, error) {
	return connect(url, user, password, log)
}

func connect(url, user, password string, log *slog.Logger, more ...nats.Option) (*nats.Conn, error) {
	log = log.With("nats_user", user)
	options := append([]nats.Option{
		nats.Name("ostiary " + user),
		nats.UserInfo(user, password),
		nats.CustomInboxPrefix(inboxPrefix(user)),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(200 * time.Millisecond),
		nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		nats.IgnoreAuthErrorAbort(),
		nats.RetryOnFailedConnect(true),
		nats.PingInterval(10 * time.Second),
		// A refused publish or subscription shows here and nowhere else.
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			log.Error("nats refused something", "subject", subject, "error", err)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("nats connection lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("nats connection is back") }),
	}, more...)
	c, err := nats.Connect(url, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS as %s: %w", user, err)
	}
	return c, nil
}
