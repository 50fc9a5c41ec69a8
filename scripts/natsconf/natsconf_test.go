// Package natsconf tests that deploy/nats.conf gives separate services exactly
// the rights that one process gives them.
package natsconf

import (
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/ostiary/ostiary/libs/messaging"
)

// sources are the services whose events each service reads.
var sources = map[string][]string{
	"identity":       {"policy", "access-request"},
	"access-request": {"policy", "identity", "approval", "provisioning"},
	"approval":       {"policy", "identity", "access-request"},
	"provisioning":   {"policy", "access-request"},
	"policy":         {"identity", "access-request", "approval", "provisioning"},
	"audit":          {"policy", "identity", "access-request", "approval", "provisioning", "audit"},
}

func TestServicesHaveTheirRightsAndNoMore(t *testing.T) {
	t.Setenv("NATS_ADMIN_PASSWORD", "admin-secret")
	t.Setenv("NATS_JETSTREAM_KEY", "a-key-for-the-files-of-jetstream")
	for service := range sources {
		t.Setenv("NATS_"+strings.ToUpper(strings.ReplaceAll(service, "-", "_"))+"_PASSWORD", service+"-secret")
	}
	conf, err := server.ProcessConfigFile("../../deploy/nats.conf")
	if err != nil {
		t.Fatal(err)
	}
	if !conf.JetStream || !conf.SyncAlways || conf.JetStreamKey == "" {
		t.Error("JetStream must be on, encrypted, and flush before it confirms")
	}
	seen := 0
	for _, u := range conf.Users {
		if u.Username == "admin" {
			continue
		}
		seen++
		if u.Password != u.Username+"-secret" {
			t.Errorf("%s does not take its password from the environment", u.Username)
		}
		if u.Permissions == nil || u.Permissions.Publish == nil || u.Permissions.Subscribe == nil {
			t.Errorf("%s may do everything", u.Username)
			continue
		}
		want := messaging.ServiceUser(u.Username, "", sources[u.Username]...)
		same(t, u.Username+" publishes", u.Permissions.Publish.Allow, want.Publish)
		same(t, u.Username+" subscribes", u.Permissions.Subscribe.Allow, want.Subscribe)
	}
	if seen != len(sources) {
		t.Errorf("%d services have a user, want %d", seen, len(sources))
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s\n got %v\nwant %v", what, got, want)
	}
}
