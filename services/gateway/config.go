package gateway

import (
	"fmt"

	"github.com/kelseyhightower/envconfig"

	"github.com/ostiary/ostiary/libs/servicekit"
)

// Config is every setting of the gateway as a process of its own, each read
// from GATEWAY_….
type Config struct {
	// HTTP serves REST and the page.
	HTTP string `envconfig:"HTTP" default:"127.0.0.1:8080"`
	// Listen serves gRPC for all services.
	Listen string `envconfig:"LISTEN" default:"127.0.0.1:9090"`
	// Health serves /healthz, /readyz and /metrics.
	Health string `envconfig:"HEALTH" default:"127.0.0.1:9464"`
	// Peers are the addresses of the services: "identity=host:port,…".
	Peers servicekit.Addresses `envconfig:"PEERS" required:"true"`
	// Secure says that people reach the gateway over TLS, which something before
	// it ends; that says in x-forwarded-for where they are.
	Secure bool `envconfig:"SECURE"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `envconfig:"LOG_LEVEL" default:"info"`
}

func load() (Config, error) {
	var c Config
	if err := envconfig.Process("gateway", &c); err != nil {
		return c, fmt.Errorf("read settings: %w", err)
	}
	return c, nil
}
