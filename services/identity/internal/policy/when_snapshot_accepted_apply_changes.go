package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/orgchart"
	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
	"github.com/ostiary/ostiary/services/identity/internal/domain/snapshot"
	"github.com/ostiary/ostiary/services/identity/internal/progress"
)

const (
	// inFlight is how many changes are carried out at once; their appends share
	// commits.
	inFlight = 32
	// unitsAtOnce bounds the events of one append.
	unitsAtOnce = 400
)

// snapshots carries snapshots out.
type snapshots struct {
	p     *servicekit.Platform
	board *progress.Board
	name  string
}

// WhenSnapshotAcceptedApplyChanges carries out every change of an accepted
// snapshot: units first, then each person. A change has a command id of its
// own, so a crash anywhere resumes where it was.
func WhenSnapshotAcceptedApplyChanges(p *servicekit.Platform, board *progress.Board) messaging.Policy {
	s := snapshots{p: p, board: board, name: "when_snapshot_accepted_apply_changes"}
	return messaging.Policy{Name: s.name, Source: p.Service, On: []proto.Message{&identityv1.HrSnapshotAccepted{}}, Do: s.do}
}

func (s snapshots) do(ctx context.Context, f eventstore.Fact) error {
	accepted := f.Message.(*identityv1.HrSnapshotAccepted)
	facts, err := s.p.Journal.Stream(ctx, f.Stream)
	if err != nil {
		return err
	}
	var changes []eventstore.Fact
	for _, c := range facts {
		if _, ok := c.Message.(*identityv1.HrChangeTaken); ok {
			changes = append(changes, c)
		}
	}
	if err := s.units(ctx, f, changes); err != nil {
		return fmt.Errorf("create units: %w", err)
	}
	refused, err := s.all(ctx, accepted.GetSnapshotId(), changes)
	if err != nil {
		return err
	}
	defer s.board.Drop(accepted.GetSnapshotId())
	_, err = eventstore.Execute(ctx, s.p.Journal, snapshot.Decider, f.Stream, s.command(f.Position, f.Stream), messaging.CausedBy(s.p.Service, f),
		snapshot.Command(snapshot.Finish{Applied: &identityv1.HrSnapshotApplied{
			SnapshotId: accepted.GetSnapshotId(), Changes: int32(len(changes) - len(refused)), Refused: refused,
		}}))
	return err
}

// units creates what the tree lacks, a bounded number at once.
func (s snapshots) units(ctx context.Context, f eventstore.Fact, changes []eventstore.Fact) error {
	var paths [][]string
	seen := map[string]bool{}
	for _, c := range changes {
		unit := c.Message.(*identityv1.HrChangeTaken).GetPost().GetUnit()
		if key := strings.Join(unit, "\x1f"); len(unit) > 0 && !seen[key] {
			seen[key] = true
			paths = append(paths, unit)
		}
	}
	for n := 0; len(paths) > 0; n++ {
		r, err := eventstore.Execute(ctx, s.p.Journal, orgchart.Decider, orgchart.Stream,
			s.command(f.Position, fmt.Sprintf("%s#%d", orgchart.Stream, n)), messaging.CausedBy(s.p.Service, f),
			orgchart.Command(orgchart.EnsureUnits{Paths: paths, ID: unitID, Limit: unitsAtOnce}))
		if err != nil {
			return err
		}
		if r.Last == 0 {
			return nil
		}
	}
	return nil
}

// units have ids that follow from their path, so that a repetition decides the
// same.
var units = uuid.MustParse("5c2b1e0c-57d5-5f29-8f0b-6a4f4f0d2c11")

func unitID(path []string) string {
	return "unt_" + uuid.NewSHA1(units, []byte(strings.Join(path, "\x1f"))).String()
}

// all carries out the changes side by side. What a rule refuses, because the
// person changed in between, is listed; what fails otherwise is repeated as a
// whole.
func (s snapshots) all(ctx context.Context, id string, changes []eventstore.Fact) ([]*identityv1.QuarantinedRow, error) {
	refused := make([]*identityv1.QuarantinedRow, len(changes))
	var mu sync.Mutex
	done := 0
	s.board.Set(id, progress.Mark{Total: len(changes)})
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	for i, change := range changes {
		g.Go(func() error {
			err := s.one(ctx, change)
			if why, ok := fault.Of(err); ok && why.Kind != fault.Unavailable && !errors.Is(err, eventstore.ErrConflict) {
				c := change.Message.(*identityv1.HrChangeTaken)
				refused[i] = &identityv1.QuarantinedRow{Row: c.GetRow(), EmployeeNumber: c.GetEmployeeNumber(), Reason: why.Reason, Message: why.Message}
				err = nil
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			s.board.Set(id, progress.Mark{Done: done, Total: len(changes)})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("carry out changes: %w", err)
	}
	var listed []*identityv1.QuarantinedRow
	for _, r := range refused {
		if r != nil {
			listed = append(listed, r)
		}
	}
	return listed, nil
}

func (s snapshots) one(ctx context.Context, f eventstore.Fact) error {
	c := f.Message.(*identityv1.HrChangeTaken)
	stream := person.Stream(c.GetEmployeeNumber())
	_, err := eventstore.Execute(ctx, s.p.Journal, person.Decider, stream,
		s.command(f.Position, stream), messaging.CausedBy(s.p.Service, f), s.meaning(c))
	return err
}

// meaning is what HR's word asks of the person.
func (s snapshots) meaning(c *identityv1.HrChangeTaken) person.Command {
	at, now := c.GetEffectiveAt().AsTime(), s.p.Clock.Now()
	switch c.GetKind() {
	case identityv1.HrChangeKind_HR_CHANGE_KIND_JOINER:
		return person.TakeOn{
			PersonID: c.GetPersonId(), Number: c.GetEmployeeNumber(), Source: c.GetSource(),
			Details: c.GetDetails(), Post: c.GetPost(), At: at, Reason: c.GetReason(), Now: now,
		}
	case identityv1.HrChangeKind_HR_CHANGE_KIND_LEAVER:
		return person.Leave{At: at, LastDay: dayBefore(c.GetEffectiveDate()), Reason: c.GetReason(), Now: now}
	default:
		return person.Move{Details: c.GetDetails(), Post: c.GetPost(), At: at, Reason: c.GetReason(), Now: now}
	}
}

// command is the id and digest of one effect.
func (s snapshots) command(position int64, stream string) eventstore.Command {
	id := eventstore.PolicyCommandID(s.name, s.p.Service, position, stream)
	return eventstore.Command{ID: id, Digest: eventstore.Digest(s.name, stream, s.p.Service, []byte(id))}
}

// dayBefore is the last day of employment when the first day without it is
// given.
func dayBefore(date string) string {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return d.AddDate(0, 0, -1).Format(time.DateOnly)
}
