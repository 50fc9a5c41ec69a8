package book

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// An import that broke off has named a person who never came to be: the number
// means who was registered under it.
//
// Covers: AUD-017
func TestANumberMeansWhoWasRegistered(t *testing.T) {
	t.Parallel()
	of := func(position int64, m proto.Message) Line {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		r := eventstore.Recorded{Position: position, Stream: "any-1", Type: string(m.ProtoReflect().Descriptor().FullName()), Data: data}
		return line("identity", r.Envelope("identity"))
	}
	lines := []Line{
		of(1, &identityv1.HrChangeTaken{PersonId: "per_lost", EmployeeNumber: "E1"}),
		of(2, &identityv1.HrChangeTaken{PersonId: "per_1", EmployeeNumber: "E1"}),
		of(3, &identityv1.PersonRegistered{PersonId: "per_1", EmployeeNumber: "E1"}),
	}
	numbers, people := known(lines)
	if len(numbers) != 1 || numbers[0] != "E1" || people[0] != "per_1" {
		t.Errorf("%v mean %v, want E1 to mean per_1", numbers, people)
	}
	if lines[1].PersonID != "per_1" {
		t.Errorf("the change is not in the history of %q", lines[1].PersonID)
	}
}

// A service that was restored from an older backup would give out the same
// positions a second time.
//
// Covers: AUD-018
func TestAServiceBehindTheLedgerIsNamed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.grown(3)
	i := d.intake(b)
	newer := d.source.events
	d.source.events = newer[:2]
	i.trouble.note(i.page(t.Context()))
	if causes := i.Causes(); len(causes) != 1 || !strings.Contains(causes[0], ErrBehind.Reason) {
		t.Errorf("readiness says %v, want %s at once", causes, ErrBehind.Reason)
	}
	if found := d.found(b); !slices.Contains(found, "identity=3 "+EventMissing) {
		t.Errorf("verification finds %v", found)
	}
	d.source.events = newer
	i.trouble.note(i.page(t.Context()))
	if causes := i.Causes(); len(causes) > 0 {
		t.Errorf("the newer backup is back, and readiness says %v", causes)
	}
}
