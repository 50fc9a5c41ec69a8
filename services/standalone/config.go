package standalone

import (
	"fmt"
	"time"
	_ "time/tzdata" // local days need the zone on any machine

	"github.com/kelseyhightower/envconfig"
)

// Config is every setting of the one-process installation.
type Config struct {
	// Home is where all state lies: pg, target, nats, keys, clients, log.
	Home string `envconfig:"OSTIARY_HOME" default:".ostiary"`
	// DatabaseURL is an administrator's address of an existing PostgreSQL; if
	// empty, one is started under Home.
	DatabaseURL string `envconfig:"DATABASE_URL"`
	// PostgresBin is the folder of initdb and postgres; if empty, the newest
	// installation is looked for.
	PostgresBin string `envconfig:"OSTIARY_PG_BIN"`
	// Clock is system, or simulated: and the instant at which it begins; a
	// simulated clock stands still until 'ostiary clock advance' moves it.
	Clock string `envconfig:"OSTIARY_CLOCK" default:"system"`
	// Host is the address that everything listens on.
	Host string `split_words:"true" default:"127.0.0.1"`
	// GRPCPort serves the API.
	GRPCPort int `split_words:"true" default:"9090"`
	// HTTPPort serves REST and the page.
	HTTPPort int `split_words:"true" default:"8080"`
	// NATSPort serves the feeds.
	NATSPort int `split_words:"true" default:"4222"`
	// HealthPort serves /healthz, /readyz and /metrics.
	HealthPort int `split_words:"true" default:"9464"`
	// Zone is where local days begin and end.
	Zone string `split_words:"true" default:"Asia/Shanghai"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `split_words:"true" default:"info"`
	// DemoTarget starts a second small cluster to which ORDERS_DSN points
	// unless it is set.
	DemoTarget bool `split_words:"true" default:"true"`
}

// Load reads the settings from the environment.
func Load() (Config, *time.Location, error) {
	var c Config
	if err := envconfig.Process("standalone", &c); err != nil {
		return c, nil, fmt.Errorf("read settings: %w", err)
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return c, nil, fmt.Errorf("STANDALONE_ZONE: %w", err)
	}
	return c, zone, nil
}
