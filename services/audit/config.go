package audit

import (
	"fmt"

	"github.com/kelseyhightower/envconfig"
)

// Config is every setting of audit, read from AUDIT_….
type Config struct {
	// Sources are the services whose events are entered.
	Sources []string `envconfig:"SOURCES" default:"policy,identity,access-request,approval,provisioning,audit"`
	// RootFile is where the newest signed root is kept, outside the databases;
	// ledger-root.key among the keys if empty. It must be writable and outlive
	// the process.
	RootFile string `envconfig:"ROOT_FILE"`
}

func load() (Config, error) {
	var c Config
	if err := envconfig.Process("audit", &c); err != nil {
		return c, fmt.Errorf("read settings: %w", err)
	}
	return c, nil
}
