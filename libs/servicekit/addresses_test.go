package servicekit_test

import (
	"maps"
	"testing"

	"github.com/kelseyhightower/envconfig"

	"github.com/ostiary/ostiary/libs/servicekit"
)

// The form is the one that the manifests are written in.
func TestAddressesAreReadFromTheEnvironment(t *testing.T) {
	t.Setenv("X_DATABASE_URL", "postgres://x")
	t.Setenv("X_NATS_URL", "nats://x")
	t.Setenv("X_KEYS", "/keys")
	t.Setenv("X_PEERS", "identity=identity:9090, audit=[::1]:9091,")
	var s servicekit.Settings
	if err := envconfig.Process("x", &s); err != nil {
		t.Fatal(err)
	}
	want := servicekit.Addresses{"identity": "identity:9090", "audit": "[::1]:9091"}
	if !maps.Equal(s.Peers, want) {
		t.Errorf("read %v, want %v", s.Peers, want)
	}
}

func TestAddressesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"identity:9090", "=host:1", "identity=", "identity=a:1,identity=b:1"} {
		var a servicekit.Addresses
		if err := a.Decode(text); err == nil {
			t.Errorf("%q was read as %v", text, a)
		}
	}
}
