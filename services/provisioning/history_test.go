package provisioning_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"
	"github.com/ostiary/ostiary/libs/testkit"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/admission"
	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
	"github.com/ostiary/ostiary/services/provisioning/internal/domain/packs"
)

var record = flag.String("record-history", "", "name of a history to record")

func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	hosttest.Replay(t, "provisioning", describe)
}

func describe(stream string, events []proto.Message) string {
	var b strings.Builder
	switch eventstore.StreamType(stream) {
	case "orders":
		var s orders.State
		for _, e := range events {
			s = orders.Evolve(s, e)
		}
		for _, e := range s.Entries {
			o := e.Ordered
			var failures []string
			for f := range e.Failures {
				failures = append(failures, f)
			}
			slices.Sort(failures)
			fmt.Fprintf(&b, "[%s %s %s/%s status=%d failures=%v want=%+v%s]", o.GetOperation(), o.GetGrantId(), o.GetApplication(), o.GetRole(),
				e.Status, failures, s.Want(o), turn(o))
		}
	case "pack":
		var s packs.State
		for _, e := range events {
			s = packs.Evolve(s, e)
		}
		d, ok := s.Target("orders-db")
		fmt.Fprintf(&b, "%v %s %s %s", ok, d.GetKind(), d.GetDsnEnv(), d.GetPrefix())
	case "target":
		var s admission.State
		for _, e := range events {
			s = admission.Evolve(s, e)
		}
		fmt.Fprintf(&b, "%s %s", s.Kind, s.System)
	default:
		return "nobody folds this stream"
	}
	return b.String()
}

// turn is what an order of a grant that was suspended has beside the others.
func turn(o *provisioningv1.ProvisioningOrdered) string {
	if o.GetTurn() == 0 {
		return ""
	}
	return fmt.Sprintf(" turn=%d", o.GetTurn())
}

// A story with every kind of event, to be recorded when the shape of events
// has changed: go test -run TestRecordHistory -record-history NAME .
func TestRecordHistory(t *testing.T) {
	if *record == "" {
		t.Log("nothing to record")
		return
	}
	environment := map[string]string{}
	s := begin(t, func(target *testkit.Database) map[string]string {
		environment["ORDERS_DSN"] = target.Admin
		return environment
	})
	// Before the pack is known the target is not, so the first attempts fail.
	s.Says("access-request", holdings("E1"), issued("E1", 0), issued("E1", 1))
	s.Eventually("a failure", func() bool { return s.orders(&provisioningv1.ListOrdersRequest{}).GetFailing() > 0 })
	s.Says("access-request", holdings("E1"), revoked("E1", 0)) // cancels the open addition
	s.activates(body)
	s.settles(3)
	s.Says("access-request", holdings("E2"), issued("E2", 0), issued("E2", 1))
	s.settles(5)
	s.Says("access-request", holdings("E2"), revoked("E2", 0))
	s.settles(6)
	g := issued("E2", 1)
	s.Says("access-request", holdings("E2"), suspended(g, 1), reinstated(g, 2), suspended(g, 3))
	s.settles(9)
	s.RecordHistory(*record, describe)
}
