package hosttest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/testkit"
)

// models are the databases of casts as a host leaves them that was opened and
// did not run: migrated and with empty read models. Each cast of a test binary
// prepares its models once; its tests copy them.
var models struct {
	mu   sync.Mutex
	made map[string]map[string]model
}

// model is one of them, with the addresses of its roles.
type model struct {
	*testkit.Database
	owner, service string
}

// poolSize is enough for one caller. Connections are what an installation takes
// most of its time for, and a service opens as many as it may when it starts.
const poolSize = "&pool_max_conns=6"

// Databases gives every service of o a database of its own until t ends. The
// first host that opens them need not migrate, so it should be given no
// OwnerURL; those after it find what a service finds at its next start.
func Databases(t testing.TB, o servicekit.Options) map[string]servicekit.Database {
	t.Helper()
	found := map[string]servicekit.Database{}
	for name, m := range modelsOf(t, o) {
		d := m.Copy(t)
		found[name] = servicekit.Database{URL: d.Address(t, m.service) + poolSize, OwnerURL: d.Address(t, m.owner)}
	}
	return found
}

func modelsOf(t testing.TB, o servicekit.Options) map[string]model {
	t.Helper()
	var names []string
	for _, d := range o.Definitions {
		names = append(names, fmt.Sprintf("%s own=%t personal=%t", d.Name, d.Migrations != nil, d.Personal))
	}
	slices.Sort(names)
	cast := strings.Join(names, ", ")
	models.mu.Lock()
	defer models.mu.Unlock()
	if made, ok := models.made[cast]; ok {
		return made
	}
	made := map[string]model{}
	for _, d := range o.Definitions {
		made[d.Name] = newModel(t)
	}
	o.Database = func(name string) servicekit.Database {
		return servicekit.Database{URL: made[name].service, OwnerURL: made[name].owner}
	}
	host, err := servicekit.NewHost(t.Context(), o)
	if err != nil {
		t.Fatalf("prepare the databases: %v", err)
	}
	host.Close()
	if models.made == nil {
		models.made = map[string]map[string]model{}
	}
	models.made[cast] = made
	return made
}

func newModel(t testing.TB) model {
	t.Helper()
	m := model{Database: testkit.Model(t)}
	var owner string
	owner, m.owner = m.Role(t)
	m.Owner(t, owner)
	_, m.service = m.Role(t)
	return m
}
