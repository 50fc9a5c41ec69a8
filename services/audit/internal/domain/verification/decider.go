// Package verification records what a verification of the ledger found. Every
// run is recorded, whatever its outcome (AUD-006, AUD-018).
package verification

import (
	"google.golang.org/protobuf/proto"

	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Stream holds all verifications.
const Stream = "ledger-main"

// maxFindings is how many findings one run records one by one; the rest is
// counted in the report.
const maxFindings = 100

// Report is the outcome of one run.
type Report struct {
	Size     int64
	Root     string
	Findings []Finding // the first ones
	Total    int64     // all of them
}

// Finding is one place that does not match.
type Finding struct {
	Service  string
	Position int64
	Reason   string
	Message  string
}

// State is nothing: a run does not depend on earlier ones.
type State struct{}

// Decider records runs.
var Decider = eventstore.Decider[State, Report]{
	Decide: func(_ State, r Report) ([]proto.Message, error) {
		if len(r.Findings) == 0 {
			return []proto.Message{&auditv1.LedgerVerified{Size: r.Size, Root: r.Root}}, nil
		}
		var events []proto.Message
		for _, f := range r.Findings[:min(len(r.Findings), maxFindings)] {
			events = append(events, &auditv1.LedgerIntegrityFailed{Service: f.Service, Position: f.Position, Reason: f.Reason, Message: f.Message})
		}
		return events, nil
	},
	Evolve: func(s State, _ proto.Message) State { return s },
}
