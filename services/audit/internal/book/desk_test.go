package book

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/ledger"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/audit/internal/domain/verification"
	"github.com/ostiary/ostiary/services/audit/internal/migrations"
)

// desk is a ledger's database, as a superuser may touch it, and one source.
type desk struct {
	t      *testing.T
	pool   *pgxpool.Pool
	seal   Seal
	source *source
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, pool: testkit.Postgres(t).Pool(t), source: &source{}}
	key, err := ledger.LoadOrCreateKey(filepath.Join(t.TempDir(), "ledger.key"), "test")
	if err != nil {
		t.Fatal(err)
	}
	d.seal = Seal{Key: key, File: filepath.Join(t.TempDir(), "root", "ledger-root")}
	tables, err := migrations.Files.ReadFile("0001_ledger.sql")
	if err != nil {
		t.Fatal(err)
	}
	d.exec("SELECT set_config('ostiary.service_role', current_user, false);" + string(tables))
	return d
}

// exec does what no service may, past the triggers.
func (d *desk) exec(statements string) {
	d.t.Helper()
	if _, err := d.pool.Exec(d.t.Context(), "SET session_replication_role = replica;"+statements+";RESET session_replication_role"); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) open() *Book {
	d.t.Helper()
	b, err := Open(d.t.Context(), d.pool, d.seal)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// grown is a book that was opened and has taken in and signed so many people.
func (d *desk) grown(people int) *Book {
	d.t.Helper()
	b := d.open()
	for range people {
		d.source.hires()
	}
	for i := d.intake(b); i.Position() < int64(len(d.source.events)); {
		if err := i.page(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
	}
	if _, err := d.notary(b).Sign(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	return b
}

func (d *desk) notary(b *Book) *Notary { return NewNotary(b, slog.New(slog.DiscardHandler)) }

func (d *desk) intake(b *Book) *Intake {
	return &Intake{book: b, service: "identity", client: d.source, log: slog.New(slog.DiscardHandler)}
}

// found verifies and returns what does not match.
func (d *desk) found(b *Book) []string {
	d.t.Helper()
	var found []string
	for _, f := range d.verify(b).Findings {
		found = append(found, fmt.Sprintf("%s=%d %s", f.Service, f.Position, f.Reason))
	}
	return found
}

func (d *desk) verify(b *Book) verification.Report {
	d.t.Helper()
	v := &Verifier{Book: b, Notary: d.notary(b), Intakes: []*Intake{d.intake(b)}}
	report, err := v.Verify(d.t.Context(), func(int64, int64) {})
	if err != nil {
		d.t.Fatal(err)
	}
	return report
}

// closed expects that a book takes nothing in, signs nothing and says so.
func (d *desk) closed(b *Book) {
	d.t.Helper()
	before, err := d.seal.read()
	if err != nil {
		d.t.Fatal(err)
	}
	d.source.hires()
	if err := d.intake(b).page(d.t.Context()); !errors.Is(err, ErrDamaged) {
		d.t.Errorf("it takes in: %v", err)
	}
	if _, err := d.notary(b).Sign(d.t.Context()); !errors.Is(err, ErrDamaged) {
		d.t.Errorf("it signs: %v", err)
	}
	if after, err := d.seal.read(); err != nil || after != before {
		d.t.Errorf("the root outside was replaced: %q, %v", after, err)
	}
	if len(b.Causes()) != 1 {
		d.t.Errorf("readiness says %v", b.Causes())
	}
}
