package standalone

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ostiary/ostiary/services/identity"
)

// writeClients makes the secrets of the first outside systems, and writes what
// each of them needs into clients/<name>.json.
func writeClients(c Config, home string) error {
	address := "nats://" + net.JoinHostPort(c.Host, strconv.Itoa(c.NATSPort))
	if said := os.Getenv("IDENTITY_FEED_URL"); said != "" {
		address = said
	} else if err := os.Setenv("IDENTITY_FEED_URL", address); err != nil {
		return fmt.Errorf("tell identity where the bus is: %w", err)
	}
	for name := range identity.FirstClients() {
		key, err := secret(filepath.Join(home, "keys", identity.ClientSecretFile(name)+".key"))
		if err != nil {
			return err
		}
		if err := writeClient(home, name, identity.ClientFile(name, address, key)); err != nil {
			return err
		}
	}
	return nil
}
