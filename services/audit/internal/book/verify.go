package book

import (
	"context"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/services/audit/internal/domain/verification"
)

// The published reasons of findings.
const (
	EventChanged  = "LEDGER_EVENT_CHANGED" // the event is not the one that was entered
	EventMissing  = "LEDGER_EVENT_MISSING" // the event was entered and is gone
	EntryChanged  = "LEDGER_ENTRY_CHANGED" // the entry does not continue the chain
	EntryMissing  = "LEDGER_ENTRY_MISSING" // a signed root covers an entry that is gone
	PlaceChanged  = "LEDGER_PLACE_CHANGED" // history does not find the event where its data says
	RootChanged   = "LEDGER_ROOT_CHANGED"  // a signed root does not match the entries
	RootMissing   = "LEDGER_ROOT_MISSING"  // the signed root outside the database is gone
	RootUnsigned  = "LEDGER_ROOT_UNSIGNED" // a root is not signed by the key
	verifyPage    = 1000
	progressEvery = 5000
	// maxFindings is how many findings are kept one by one; a history that was
	// exchanged as a whole has one an event.
	maxFindings = 1000
)

// Verifier compares history with the book and the book with its signed roots.
type Verifier struct {
	Book    *Book
	Notary  *Notary
	Intakes []*Intake
}

// run is one verification: what the book says, checked step by step. It reads
// in pages and keeps nothing of them but who is named by which number.
type run struct {
	*Verifier
	progress func(done, total int64)
	done     int64
	last     int64            // the last entry when the run began
	taken    map[string]int64 // the last position of each service in it
	named    map[string]name
	unread   bool // an event is not what was entered, or was not read: whom it named is unknown
	report   verification.Report
}

// Verify checks everything that had been entered when it began.
func (v *Verifier) Verify(ctx context.Context, progress func(done, total int64)) (verification.Report, error) {
	if _, err := v.Notary.Sign(ctx); err != nil && !errors.Is(err, ErrDamaged) {
		return verification.Report{}, err
	}
	r := &run{Verifier: v, progress: progress, named: map[string]name{}}
	r.last, r.taken = v.Book.extent()
	if err := r.book(ctx); err != nil {
		return verification.Report{}, err
	}
	for _, i := range v.Intakes {
		if err := r.service(ctx, i); err != nil {
			return verification.Report{}, fmt.Errorf("verify %s: %w", i.service, err)
		}
	}
	if err := r.people(ctx); err != nil {
		return verification.Report{}, err
	}
	return r.report, nil
}

func (r *run) find(service string, position int64, reason, format string, args ...any) {
	switch reason {
	case EventChanged, EventMissing, EntryMissing:
		r.unread = true
	}
	if r.report.Total++; r.report.Total > maxFindings {
		return
	}
	r.report.Findings = append(r.report.Findings, verification.Finding{
		Service: service, Position: position, Reason: reason, Message: fmt.Sprintf(format, args...),
	})
}

func (r *run) step() {
	if r.done++; r.done%progressEvery == 0 {
		r.progress(r.done, r.last)
	}
}
