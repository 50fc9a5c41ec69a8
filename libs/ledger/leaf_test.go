package ledger_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/ledger"
)

var update = flag.Bool("update", false, "write golden files; the leaf is frozen with the first release")

// full is an event with every column set, so that each can be changed.
func full() eventstore.Recorded {
	at := time.Date(2026, 11, 22, 9, 30, 0, 123456000, time.UTC)
	return eventstore.Recorded{
		Position: 41, Stream: "person-E1042", Version: 3,
		EventID: "019aa7c5-0000-7000-8000-000000000001", Type: "ostiary.identity.v1.EmploymentEnded",
		Data: []byte{0x0a, 0x05, 'E', '1', '0', '4', '2'}, RecordedAt: at, EffectiveAt: at.Add(-time.Hour),
		Actor: "service:identity", OnBehalfOf: "E0007", CorrelationID: "c-1",
		Causation: &eventstore.Cause{Service: "identity", Position: 40},
		CommandID: "019aa7c5-0000-7000-8000-000000000002", PolicyDigest: "ab12", Rule: "matrix[3]",
		Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
}

func vectors() map[string]eventstore.Recorded {
	first := full()
	first.Causation = nil
	emptyCause := full()
	emptyCause.Causation = &eventstore.Cause{}
	chinese := full()
	chinese.Stream, chinese.Rule, chinese.Data = "unit-总部/研发部", "路线一", nil
	early := full()
	early.EffectiveAt = time.Date(1949, 10, 1, 15, 0, 0, 1000, time.FixedZone("", 8*3600))
	return map[string]eventstore.Recorded{
		"full": full(), "first cause": first, "empty cause": emptyCause, "chinese": chinese, "before 1970": early,
		"zero": {},
	}
}

func TestLeafIsFrozen(t *testing.T) {
	t.Parallel()
	const path = "testdata/leaf.golden"
	var lines []string
	for _, name := range []string{"full", "first cause", "empty cause", "chinese", "before 1970", "zero"} {
		r := vectors()[name]
		hash := ledger.LeafHash("identity", r)
		lines = append(lines, name, hex.EncodeToString(ledger.Leaf("identity", r)), hex.EncodeToString(hash[:]))
	}
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the canonical leaf has changed; every proof given before would break:\n%s", diff)
	}
}

// TestEveryColumnIsCovered walks Recorded by reflection: a column that is
// added later and forgotten in Leaf fails here.
func TestEveryColumnIsCovered(t *testing.T) {
	t.Parallel()
	base := ledger.LeafHash("identity", full())
	if ledger.LeafHash("audit", full()) == base {
		t.Error("another service gives the same leaf")
	}
	changed := 0
	change := func(name string, root *eventstore.Recorded, v reflect.Value) {
		switch x := v.Addr().Interface().(type) {
		case *string:
			*x += "x"
		case *int64:
			*x++
		case *[]byte:
			*x = append(bytes.Clone(*x), 0)
		case *time.Time:
			*x = x.Add(time.Microsecond)
		default:
			t.Fatalf("%s: no way to change a %s; add one here and to Leaf", name, v.Type())
		}
		changed++
		if ledger.LeafHash("identity", *root) == base {
			t.Errorf("changing %s does not change the leaf", name)
		}
	}
	for i := range reflect.TypeFor[eventstore.Recorded]().NumField() {
		name := reflect.TypeFor[eventstore.Recorded]().Field(i).Name
		if name == "Causation" {
			for k := range reflect.TypeFor[eventstore.Cause]().NumField() {
				r := full()
				change(name, &r, reflect.ValueOf(r.Causation).Elem().Field(k))
			}
			continue
		}
		r := full()
		change(name, &r, reflect.ValueOf(&r).Elem().Field(i))
	}
	if changed < 17 {
		t.Errorf("only %d columns were tried", changed)
	}
}

func TestNeighbouringColumnsDoNotRunTogether(t *testing.T) {
	t.Parallel()
	a, b := full(), full()
	a.Actor, a.OnBehalfOf = "E1", "E2"
	b.Actor, b.OnBehalfOf = "E1E", "2"
	if ledger.LeafHash("identity", a) == ledger.LeafHash("identity", b) {
		t.Error("moving a byte from one column to the next is not seen")
	}
	v := vectors()
	if ledger.LeafHash("identity", v["first cause"]) == ledger.LeafHash("identity", v["empty cause"]) {
		t.Error("an absent cause looks like an empty one")
	}
}

func TestLeafSurvivesTheEnvelope(t *testing.T) {
	t.Parallel()
	for name, r := range vectors() {
		back := eventstore.FromEnvelope(r.Envelope("identity"))
		if ledger.LeafHash("identity", back) != ledger.LeafHash("identity", r) {
			t.Errorf("%s: another leaf after travelling", name)
		}
	}
}
