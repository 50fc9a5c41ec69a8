package book

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
)

// History is found only through places and numbers: one that leads elsewhere
// hides an event as well as its removal would.
//
// Covers: AUD-017, AUD-018
func TestPlacesAreVerified(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.grown(3)
	d.source.registers("E2") // again, as somebody else: who was first is meant
	b := d.grown(0)
	if found := d.found(b); len(found) > 0 {
		t.Fatalf("it is not intact: %v", found)
	}
	d.exec("CREATE TABLE places AS SELECT * FROM ledger.place; CREATE TABLE people AS SELECT * FROM ledger.person")
	for name, c := range map[string]struct{ change, found string }{
		"another stream":       {"UPDATE ledger.place SET stream = 'person-per_9' WHERE seq = 2", "identity=2"},
		"another person":       {"UPDATE ledger.place SET person_id = 'per_9' WHERE seq = 2", "identity=2"},
		"no place":             {"DELETE FROM ledger.place WHERE seq = 2", "identity=2"},
		"a number of another":  {"UPDATE ledger.person SET person_id = 'per_4' WHERE employee_number = 'E2'", "identity=2"},
		"a number without one": {"DELETE FROM ledger.person WHERE employee_number = 'E2'", "identity=2"},
		"a number more":        {"INSERT INTO ledger.person VALUES ('E9', 'per_2')", "audit=0"},
	} {
		d.exec(c.change)
		if found := d.found(b); !slices.Equal(found, []string{c.found + " " + PlaceChanged}) {
			t.Errorf("%s: verification finds %v", name, found)
		}
		d.exec(`TRUNCATE ledger.place, ledger.person;
			INSERT INTO ledger.place SELECT * FROM places; INSERT INTO ledger.person SELECT * FROM people`)
	}
	if found := d.found(b); len(found) > 0 {
		t.Errorf("what was put back is not intact: %v", found)
	}
}

// Entries and events are read in pages; what lies on either side of their
// borders is compared like the rest, and a history that was exchanged as a
// whole is counted, not kept.
//
// Covers: AUD-018
func TestVerificationReadsInPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.grown(entryPage + 2)
	if report := d.verify(b); report.Total != 0 || report.Size != entryPage+2 {
		t.Fatalf("it is not intact: %d of %d, %v", report.Total, report.Size, report.Findings)
	}
	all := slices.Clone(d.source.events)
	d.exec("UPDATE ledger.entry SET leaf = sha256(leaf) WHERE position IN (5000, 5001)")
	want := []string{
		"identity=5000 " + EntryChanged, "identity=5001 " + EntryChanged,
		"identity=1000 " + EventMissing, "identity=1001 " + EventMissing, "identity=5000 " + EventChanged, "identity=5001 " + EventChanged, "identity=5002 " + EventMissing,
	}
	d.source.events = slices.DeleteFunc(d.source.events, func(e *envelopev1.Envelope) bool {
		return slices.Contains([]int64{1000, 1001, entryPage + 2}, e.GetPosition())
	})
	if found := d.found(b); !slices.Equal(found, want) {
		t.Errorf("verification finds %v, want %v", found, want)
	}
	for n, e := range all {
		all[n] = proto.CloneOf(e)
		all[n].Actor = "somebody else"
	}
	d.source.events = all
	if report := d.verify(b); report.Total != entryPage+4 || len(report.Findings) != maxFindings {
		t.Errorf("%d found, %d kept, want %d and %d", report.Total, len(report.Findings), entryPage+4, maxFindings)
	}
}
