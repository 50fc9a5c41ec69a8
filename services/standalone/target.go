package standalone

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/services/standalone/internal/databases"
	"github.com/ostiary/ostiary/services/standalone/internal/postgres"
)

const (
	demoDatabase = "orders"
	// manager is the login with which provisioning administers the demo target:
	// it may create roles there, and nothing else.
	manager = "ostiary_manager"
	// reader is the login that target.json gives to whoever wants to look.
	reader = "ostiary_reader"
)

// prepareTarget makes the demo target's database and logins, writes
// clients/target.json, and returns the address that ORDERS_DSN gets.
func prepareTarget(ctx context.Context, server *postgres.Server, home string) (string, error) {
	key, err := secret(filepath.Join(home, "keys", "target.key"))
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, server.URL)
	if err != nil {
		return "", fmt.Errorf("connect to the demo target: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := databases.EnsureDatabase(ctx, conn, demoDatabase); err != nil {
		return "", fmt.Errorf("make the database of the demo target: %w", err)
	}
	for role, attributes := range map[string]string{manager: "CREATEROLE", reader: "NOCREATEROLE"} {
		if err := databases.EnsureLogin(ctx, conn, role, attributes, key+role); err != nil {
			return "", fmt.Errorf("make the login %s on the demo target: %w", role, err)
		}
	}
	// Ending the backends of somebody who lost a right takes this membership,
	// and telling this cluster from others takes the execute right.
	for _, statement := range []string{
		"GRANT pg_signal_backend, pg_read_all_stats TO " + manager,
		"GRANT EXECUTE ON FUNCTION pg_control_system() TO " + manager,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return "", fmt.Errorf("prepare the demo target: %w", err)
		}
	}
	if err := writeClient(home, "target", map[string]any{"url": login(server.URL, reader, key+reader)}); err != nil {
		return "", err
	}
	return login(server.URL, manager, key+manager), nil
}

func login(address, user, password string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "" // the supervisor made it
	}
	u.User, u.Path = url.UserPassword(user, password), "/"+demoDatabase
	return u.String()
}

// writeClient writes what an outside program needs, for its owner alone.
func writeClient(home, name string, content map[string]any) error {
	b, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("describe client %s: %w", name, err)
	}
	dir := filepath.Join(home, "clients")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write client %s: %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write client %s: %w", name, err)
	}
	return nil
}
