// Package natsconf tests that deploy/nats.conf gives separate services exactly
// the rights that one process gives them, and that an outside system can be added
// as docs/feeds says.
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

const (
	// hub is the account of the streams.
	hub = "OSTIARY"
	// shadow is imported, so that the server does not answer for itself, but
	// allowed to nobody.
	shadow = "$JS.API.INFO"
)

func TestServicesHaveTheirRightsAndNoMore(t *testing.T) {
	n := start(t)
	if !n.options.JetStream || !n.options.SyncAlways || n.options.JetStreamKey == "" {
		t.Error("JetStream must be on, encrypted, and flush before it confirms")
	}
	var offered []string
	for _, e := range n.account(hub).Exports {
		if !e.IsService() || e.AccountTokenPosition != 0 || e.AllowTrace {
			t.Errorf("the account of the streams offers %+v", e.Export)
		}
		offered = append(offered, string(e.Subject)+" "+string(e.ResponseType))
	}
	want := []string{shadow + " Singleton"}
	for _, e := range messaging.Exports() {
		kind := "Singleton"
		if e.Streamed {
			kind = "Streamed"
		}
		want = append(want, e.Subject+" "+kind)
	}
	same(t, "the account of the streams offers", offered, want)
	seen := map[string]bool{}
	for _, u := range n.options.Users {
		if u.Account.Name == hub {
			if u.Username != "admin" {
				t.Errorf("%s is in the account of the streams", u.Username)
			}
			continue
		}
		if u.Password != u.Username+"-secret" {
			t.Errorf("%s does not take its password from the environment", u.Username)
		}
		if seen[u.Account.Name] {
			t.Errorf("%s shares an account", u.Username)
		}
		seen[u.Account.Name] = true
		n.hasRightsOf(u, messaging.ServiceUser(u.Username, "", sources[u.Username]...))
	}
	if len(seen) != len(sources) {
		t.Errorf("%d services have a user, want %d", len(seen), len(sources))
	}
}

// hasRightsOf holds permissions and imports of a user against what is wanted.
func (n *bus) hasRightsOf(u *server.User, want messaging.User) {
	n.t.Helper()
	if u.Permissions == nil || u.Permissions.Publish == nil || u.Permissions.Subscribe == nil {
		n.t.Errorf("%s may do everything", u.Username)
		return
	}
	same(n.t, u.Username+" publishes", u.Permissions.Publish.Allow, want.Publish)
	same(n.t, u.Username+" subscribes", u.Permissions.Subscribe.Allow, want.Subscribe)
	var imported []string
	for _, i := range n.account(u.Account.Name).Imports {
		switch to := string(i.LocalSubject); {
		case i.Account == hub && i.IsService() && to == string(i.Subject) && !i.Share && !i.AllowTrace:
			imported = append(imported, to)
		case i.Account == "$SYS": // every account asks after itself
		default:
			n.t.Errorf("the account of %s takes %+v", u.Username, i.Import)
		}
	}
	same(n.t, u.Username+" imports", imported, append([]string{shadow}, want.Publish...))
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}
