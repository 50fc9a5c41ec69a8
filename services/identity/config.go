package identity

import (
	"fmt"
	"net/url"
	"time"

	"github.com/kelseyhightower/envconfig"
)

// Config is every setting of identity beside those that all services have;
// each is read from IDENTITY_….
type Config struct {
	// BootstrapPassword is the password of the first administrator; without it
	// one is generated and must be changed at first sign-in.
	BootstrapPassword string `envconfig:"BOOTSTRAP_PASSWORD"`
	// SessionLifetime is how long somebody stays signed in at most.
	SessionLifetime time.Duration `envconfig:"SESSION_LIFETIME" default:"12h"`
	// TokenLifetime is how long an access token lasts; at most five minutes.
	TokenLifetime time.Duration `envconfig:"TOKEN_LIFETIME" default:"5m"`
	// PasswordHashes is how many passwords are hashed at once; each takes 19 MiB
	// and a processor.
	PasswordHashes int `envconfig:"PASSWORD_HASHES" default:"2"`
	// FeedURL is where outside systems reach the bus. Without it it is NATSURL
	// without user and password.
	FeedURL string `envconfig:"FEED_URL"`
	// NATSURL is the bus as services reach it.
	NATSURL string `envconfig:"NATS_URL" default:"nats://127.0.0.1:4222"`
}

// load reads the settings.
func load() (Config, error) {
	var c Config
	if err := envconfig.Process("identity", &c); err != nil {
		return c, fmt.Errorf("read settings: %w", err)
	}
	if c.PasswordHashes < 1 {
		return c, fmt.Errorf("read settings: IDENTITY_PASSWORD_HASHES must be at least 1")
	}
	if c.FeedURL == "" {
		u, err := url.Parse(c.NATSURL)
		if err != nil {
			return c, fmt.Errorf("read settings: IDENTITY_NATS_URL is not a URL") // it may hold a password
		}
		u.User = nil
		c.FeedURL = u.String()
	}
	return c, nil
}
