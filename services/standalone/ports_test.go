package standalone

import (
	"errors"
	"net"
	"strconv"
	"testing"

	"github.com/ostiary/ostiary/libs/fault"
)

// A port of another program is refused before anything is started, with the
// name of the setting, and no port is kept.
func TestAPortThatIsTakenIsNamed(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := taken.Addr().(*net.TCPAddr).Port
	for setting, c := range map[string]Config{
		"STANDALONE_GRPC_PORT": {GRPCPort: port}, "STANDALONE_HTTP_PORT": {HTTPPort: port}, "STANDALONE_HEALTH_PORT": {HealthPort: port}, "STANDALONE_NATS_PORT": {NATSPort: port},
	} {
		c.Host = "127.0.0.1"
		_, err := takePorts(t.Context(), c)
		f, ok := fault.Of(err)
		if !errors.Is(err, ErrPortTaken) || !ok || f.Details["set"] != setting || f.Details["port"] != strconv.Itoa(port) {
			t.Errorf("%s: %v", setting, err)
		}
	}
	free, err := takePorts(t.Context(), Config{Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := free.close(); err != nil {
		t.Error(err)
	}
	if err := free.close(); err != nil {
		t.Errorf("closing what was served: %v", err)
	}
}
