package policy_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/pack"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"

	"github.com/ostiary/ostiary/services/policy/internal/domain/packs"
)

var record = flag.String("record-history", "", "name of a history to record")

func TestRecordedHistoriesReplay(t *testing.T) {
	hosttest.Replay(t, "policy", describe)
}

func describe(_ string, events []proto.Message) string {
	var s packs.State
	for _, e := range events {
		s = packs.Evolve(s, e)
	}
	return fmt.Sprintf("held=%.8s published=%d %.8s from %s acknowledged=%v activated=%v", s.Held.GetDigest(), s.Published.GetVersion(),
		s.Published.GetDigest(), s.Published.GetEffectiveAt().AsTime().Format(time.RFC3339), slices.Sorted(maps.Keys(s.Acknowledged)), s.Activated)
}

// A story with every kind of event, to be recorded when the shape of events
// has changed: go test -run TestRecordHistory -record-history NAME .
func TestRecordHistory(t *testing.T) {
	if *record == "" {
		t.Log("nothing to record")
		return
	}
	i := begin(t)
	i.apply(&policyv1.ApplyPackRequest{Body: body(1, noon)})
	i.subscribers["access-request"].says(&policyv1.ValidatePackResponse{GrantsTaken: 3, GrantsHeld: 20}, nil)
	second := &policyv1.ApplyPackRequest{Body: body(2, noon.Add(time.Hour))}
	i.apply(second)
	second.Confirm = pack.Digest(second.GetBody())
	i.apply(second)
	i.RecordHistory(*record, describe)
}
