package book

import (
	"os"
	"slices"
	"testing"

	"github.com/ostiary/ostiary/libs/ledger"
)

// What a restart must not sign, and how verification names it.
//
// Covers: AUD-006, AUD-018
func TestADamagedBookIsNeitherContinuedNorSigned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage string
		file   bool // the root outside is removed
		found  string
	}{
		"its end is cut":              {damage: "DELETE FROM ledger.entry WHERE seq > 3; DELETE FROM ledger.checkpoint WHERE size > 3", found: "audit=5 " + EntryMissing},
		"all is gone":                 {damage: "DELETE FROM ledger.entry; DELETE FROM ledger.checkpoint", found: "audit=5 " + EntryMissing},
		"its end is another":          {damage: rewritten, found: "identity=5 " + RootChanged},
		"an entry is gone":            {damage: "DELETE FROM ledger.entry WHERE seq = 3", found: "identity=4 " + EntryMissing},
		"an entry breaks the chain":   {damage: "UPDATE ledger.entry SET chain = sha256(chain) WHERE seq = 3", found: "identity=3 " + EntryChanged},
		"the root outside is removed": {file: true, found: "audit=5 " + RootMissing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.grown(5)
			if c.file {
				if err := os.Remove(d.seal.File); err != nil {
					t.Fatal(err)
				}
			}
			d.exec(c.damage)
			b := d.open()
			d.closed(b)
			if found := d.found(b); !slices.Contains(found, c.found) {
				t.Errorf("verification finds %v, want %s", found, c.found)
			}
		})
	}
}

// rewritten gives the last entry another leaf, chained as it should be, and
// removes the roots over it.
const rewritten = `UPDATE ledger.entry e SET leaf = sha256(leaf), chain = sha256(
	(SELECT chain FROM ledger.entry WHERE seq = 4) || int8send(seq) || int4send(octet_length(service)) || service::bytea || int8send(position) || sha256(leaf))
	WHERE seq = 5; DELETE FROM ledger.checkpoint WHERE size > 4`

// Covers: AUD-018
func TestABookThatWasPutBackGoesOn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.grown(5)
	d.exec(`CREATE TABLE entries AS SELECT * FROM ledger.entry; CREATE TABLE roots AS SELECT * FROM ledger.checkpoint;
		DELETE FROM ledger.entry WHERE seq > 3; DELETE FROM ledger.checkpoint WHERE size > 3`)
	d.closed(d.open())
	d.exec(`INSERT INTO ledger.entry SELECT * FROM entries WHERE seq > 3; INSERT INTO ledger.checkpoint SELECT * FROM roots WHERE size > 3`)
	b := d.grown(2)
	if found := d.found(b); len(found) > 0 || len(b.Causes()) > 0 {
		t.Errorf("what was put back is not intact: %v, %v", found, b.Causes())
	}
}

// A running ledger sees it too, and goes on when it has been put back.
func TestTheRootOutsideIsWatched(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.grown(1)
	older, err := d.seal.read()
	if err != nil {
		t.Fatal(err)
	}
	b := d.grown(3)
	for name, content := range map[string]string{"unsigned": "x", "of another ledger": d.foreign()} {
		if err := write(d.seal.File, []byte(content)); err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		d.closed(b)
	}
	if err := os.Remove(d.seal.File); err != nil {
		t.Fatal(err)
	}
	d.closed(b)
	if err := write(d.seal.File, []byte(older)); err != nil {
		t.Fatal(err)
	}
	if err := d.intake(b).page(t.Context()); err != nil || len(b.Causes()) > 0 {
		t.Errorf("it does not go on: %v, %v", err, b.Causes())
	}
}

// foreign is a root that the same key signed over other entries.
func (d *desk) foreign() string {
	d.t.Helper()
	note, err := ledger.Sign(Origin, 4, ledger.Hash{1}, d.seal.Key.Signer)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(note)
}

func TestAFreshLedgerHasNoRootAnywhere(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if b := d.open(); len(b.Causes()) > 0 {
		t.Errorf("a fresh ledger is not ready: %v", b.Causes())
	}
	if found := d.found(d.grown(1)); len(found) > 0 {
		t.Errorf("a fresh ledger is not intact: %v", found)
	}
}
