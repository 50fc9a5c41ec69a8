// Package adapters finds the adapter for a target as a pack describes it. It is
// the only place that reads connection strings.
package adapters

import (
	"context"
	"time"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/target"
	"github.com/ostiary/ostiary/services/provisioning/internal/target/postgres"
)

// Adapters makes adapters.
type Adapters struct {
	// Lookup returns the setting of this name, for example os.LookupEnv.
	Lookup func(name string) (string, bool)
	// OwnSystem identifies the cluster that holds the event stores.
	OwnSystem string
	// Timeout limits each exchange with a target.
	Timeout time.Duration
	// Now is the service's clock.
	Now func() time.Time
}

// Known tells whether there is an adapter for this kind of target.
func (Adapters) Known(kind string) bool { return kind == postgres.Kind }

// Set tells whether the connection string of a target is set.
func (a Adapters) Set(d *provisioningv1.TargetDefinition) bool {
	dsn, ok := a.Lookup(d.GetDsnEnv())
	return ok && dsn != ""
}

// Connect returns the adapter; it connects to nothing.
func (a Adapters) Connect(d *provisioningv1.TargetDefinition) (target.Target, error) {
	t, err := a.postgres(d, a.Timeout)
	if err != nil {
		return nil, err // a nil *postgres.Target would be no nil Target
	}
	return t, nil
}

// Probe connects and returns what identifies the target's system.
func (a Adapters) Probe(ctx context.Context, d *provisioningv1.TargetDefinition, timeout time.Duration) (string, error) {
	t, err := a.postgres(d, timeout)
	if err != nil {
		return "", err
	}
	return t.System(ctx)
}

func (a Adapters) postgres(d *provisioningv1.TargetDefinition, timeout time.Duration) (*postgres.Target, error) {
	if !a.Known(d.GetKind()) {
		return nil, target.ErrUnknown.With("target", d.GetTarget()).With("detail", "there is no adapter for kind "+d.GetKind())
	}
	if !a.Set(d) {
		return nil, target.ErrUnknown.With("target", d.GetTarget()).With("detail", "the variable "+d.GetDsnEnv()+" is not set for the provisioning service")
	}
	dsn, _ := a.Lookup(d.GetDsnEnv())
	return postgres.New(postgres.Options{DSN: dsn, Prefix: d.GetPrefix(), OwnSystem: a.OwnSystem, Timeout: timeout, Now: a.Now})
}
