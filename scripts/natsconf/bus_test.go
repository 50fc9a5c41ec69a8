package natsconf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// patience bounds every wait of a test.
const patience = 30 * time.Second

// bus is a NATS server with deploy/nats.conf.
type bus struct {
	t       *testing.T
	options *server.Options
	server  *server.Server
	file    string
}

func start(t *testing.T) *bus {
	t.Helper()
	t.Setenv("NATS_ADMIN_PASSWORD", "admin-secret")
	t.Setenv("NATS_JETSTREAM_KEY", "a-key-for-the-files-of-jetstream")
	for service := range sources {
		t.Setenv("NATS_"+strings.ToUpper(strings.ReplaceAll(service, "-", "_"))+"_PASSWORD", service+"-secret")
	}
	n := &bus{t: t, file: filepath.Join(t.TempDir(), "nats.conf")}
	n.configure("")
	var err error
	if n.options, err = server.ProcessConfigFile(n.file); err != nil {
		t.Fatal(err)
	}
	n.options.NoSigs, n.options.NoLog = true, true
	if n.server, err = server.NewServer(n.options); err != nil {
		t.Fatal(err)
	}
	n.server.Start()
	t.Cleanup(func() { n.server.Shutdown(); n.server.WaitForShutdown() })
	if !n.server.ReadyForConnections(patience) {
		t.Fatal("it did not become ready")
	}
	return n
}

// configure writes the file as delivered, with more accounts, for a place and
// ports of the test's own.
func (n *bus) configure(accounts string) {
	n.t.Helper()
	text, err := os.ReadFile("../../deploy/nats.conf")
	if err != nil {
		n.t.Fatal(err)
	}
	own := strings.NewReplacer(
		`listen: "0.0.0.0:4222"`, `listen: "127.0.0.1:-1"`,
		`http: "0.0.0.0:8222"`, ``,
		`store_dir: "/data"`, `store_dir: "`+filepath.Join(filepath.Dir(n.file), "data")+`"`,
	)
	whole := strings.TrimSuffix(own.Replace(string(text)), "}\n") + accounts + "}\n"
	if err := os.WriteFile(n.file, []byte(whole), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// account looks at an account as the server has it.
func (n *bus) account(name string) *server.AccountInfo {
	n.t.Helper()
	z, err := n.server.Accountz(&server.AccountzOptions{Account: name})
	if err != nil {
		n.t.Fatal(err)
	}
	return z.Account
}
