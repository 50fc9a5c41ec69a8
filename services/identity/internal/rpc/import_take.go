package rpc

import (
	"context"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"

	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
	"github.com/ostiary/ostiary/services/identity/internal/domain/snapshot"
	"github.com/ostiary/ostiary/services/identity/internal/hrfile"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// listed is how many quarantined rows an event and an answer list.
const listed = 500

// comparison is what a file means for the people, before anything is done.
type comparison struct {
	file       hrfile.File
	difference snapshot.Difference
	result     *identityv1.ImportResult
}

// take carries an upload through: compare, hold or take in, wait.
func (s *Server) take(ctx context.Context, u upload, tell func(*identityv1.ImportProgress) error) (*identityv1.ImportResult, error) {
	positions, warnings, err := s.source(ctx, u)
	if err != nil {
		return nil, err
	}
	file, err := hrfile.Read(u.file, u.fields)
	if err != nil {
		return nil, err
	}
	if u.header.GetDryRun() {
		c, err := s.compare(ctx, u, file, positions, warnings)
		if err != nil {
			return nil, err
		}
		if c.held(u) {
			c.hold(u)
		}
		return c.result, nil
	}
	var result *identityv1.ImportResult
	wait := ""
	free, err := postgres.NewLock(s.Platform.Pool, "identity/source/"+u.fields.Source).Try(ctx, func() error {
		result, wait, err = s.decide(ctx, u, file, positions, warnings)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !free:
		return nil, ErrBusy.With("source", u.fields.Source)
	case wait == "":
		return result, nil
	}
	return s.follow(ctx, wait, result, tell)
}

// decide compares and takes in, while no other snapshot of the source does. It
// returns the snapshot to wait for, if any.
func (s *Server) decide(ctx context.Context, u upload, file hrfile.File, positions map[string]bool, warnings []*identityv1.ImportWarning) (result *identityv1.ImportResult, wait string, err error) {
	if err := s.caughtUp(ctx); err != nil {
		return nil, "", err
	}
	if w, ok, err := readmodel.SnapshotInWork(ctx, s.Platform.Pool, u.fields.Source); err != nil {
		return nil, "", err
	} else if ok && w.Digest != u.digest {
		return nil, "", ErrBusy.With("source", u.fields.Source).With("snapshot", w.Snapshot)
	} else if ok {
		return nil, w.Snapshot, nil // the same file, after its caller got lost
	}
	intake, accepted, err := s.newIntake(ctx, u)
	if err != nil || accepted {
		return nil, intake.id, err
	}
	c, err := s.compare(ctx, u, file, positions, warnings)
	if err != nil {
		return nil, "", err
	}
	c.result.Snapshot = intake.id
	if intake.held != nil {
		c.recall(intake.held) // the first answer holds, whatever the people are by now
	}
	if intake.held != nil || c.held(u) {
		c.hold(u)
		c.result.Position, err = intake.hold(ctx, c)
		return c.result, "", err
	}
	if err := intake.take(ctx, c); err != nil {
		return nil, "", fmt.Errorf("take in: %w", err)
	}
	return c.result, intake.id, nil
}

// compare looks at the file in the light of everybody who is known.
func (s *Server) compare(ctx context.Context, u upload, file hrfile.File, positions map[string]bool, warnings []*identityv1.ImportWarning) (comparison, error) {
	if err := s.caughtUp(ctx); err != nil {
		return comparison{}, err
	}
	people, err := readmodel.Everybody(ctx, s.Platform.Pool, s.Platform.Keyring)
	if err != nil {
		return comparison{}, err
	}
	operators, err := readmodel.Operators(ctx, s.Platform.Pool)
	if err != nil {
		return comparison{}, err
	}
	known, colleagues := surroundings(people, u)
	file = file.Check(u.fields, hrfile.Surroundings{
		People: colleagues, Operators: operators, Positions: positions, Today: calendar.DateOf(s.Platform.Clock.Now(), s.Platform.Zone),
	})
	present, unattributed := presence(file.Quarantined)
	d := snapshot.Comparison{
		Source: u.fields.Source, Rows: file.Rows, Known: known, Present: present, Unattributed: unattributed,
		NewID: func() string { return "per_" + newID() },
	}.Compare()
	for _, r := range d.Foreign {
		file.Quarantined = append(file.Quarantined, hrfile.Quarantine(r.Row, r.Number, person.ErrForeign))
	}
	snapshot.SortQuarantined(file.Quarantined)
	for _, c := range d.Changes {
		c.Source, c.EffectiveDate, c.EffectiveAt = u.fields.Source, u.date, timestamppb.New(u.at)
	}
	return comparison{file: file, difference: d, result: &identityv1.ImportResult{
		Digest: u.digest, Joiners: int32(d.Joiners), Movers: int32(d.Movers), Leavers: int32(d.Leavers), Unchanged: int32(d.Unchanged),
		Quarantined: first(file.Quarantined), Warnings: append(append(warnings, file.Warnings...), withheld(d, file)...),
	}}, nil
}

// surroundings are the people as on the effective day.
func surroundings(people map[string]person.State, u upload) (known map[string]snapshot.Known, colleagues map[string]hrfile.Colleague) {
	known, colleagues = make(map[string]snapshot.Known, len(people)), make(map[string]hrfile.Colleague, len(people))
	for number, p := range people {
		at := p.AsOf(u.at)
		known[number] = snapshot.Known{ID: p.ID, Source: p.Source, Details: at.Details, Employed: at.Employed, Post: at.Post}
		if at.Employed {
			colleagues[number] = hrfile.Colleague{Name: p.Details.GetName(), Supervisor: at.Post.GetSupervisor(), Foreign: p.Source != u.fields.Source}
		}
	}
	return known, colleagues
}

func presence(quarantined []*identityv1.QuarantinedRow) (present map[string]bool, unattributed bool) {
	present = map[string]bool{}
	for _, q := range quarantined {
		present[q.GetEmployeeNumber()] = true
		unattributed = unattributed || q.GetEmployeeNumber() == ""
	}
	return present, unattributed
}

// withheld warns when nobody was taken for a leaver because a row names nobody.
func withheld(d snapshot.Difference, file hrfile.File) (warnings []*identityv1.ImportWarning) {
	if d.Withheld > 0 {
		warnings = append(warnings, &identityv1.ImportWarning{
			Reason: "HR_LEAVERS_WITHHELD", People: int32(d.Withheld),
			Message:   "These people are missing, but a quarantined row names nobody and could be any of them; mend the rows and import again.",
			MessageZh: "这些人员不在文件中，但有隔离行无法识别工号，可能正是他们；请修正这些行后重新导入。",
		})
	}
	if n := len(file.Quarantined); n > listed {
		warnings = append(warnings, &identityv1.ImportWarning{
			Reason: "HR_QUARANTINE_LONG", Subject: strconv.Itoa(n), People: int32(n),
			Message:   "So many rows are quarantined that only the first 500 are listed; look at the map first.",
			MessageZh: "隔离行过多，仅列出前 500 行；请先检查列映射。",
		})
	}
	return warnings
}

func first(rows []*identityv1.QuarantinedRow) []*identityv1.QuarantinedRow {
	return rows[:min(len(rows), listed)]
}

// held tells whether the snapshot needs a confirmation that it does not have.
func (c comparison) held(u upload) bool {
	return c.difference.Exceeds(u.fields.Guard) && u.header.GetConfirm() != u.digest
}

// recall takes the numbers for which a snapshot was held before.
func (c *comparison) recall(held *identityv1.HrSnapshotHeld) {
	c.difference.Leavers, c.difference.Active = int(held.GetLeavers()), int(held.GetActive())
	c.result.Leavers = held.GetLeavers()
}

func (c comparison) hold(u upload) {
	c.result.Held = true
	c.result.Reason = fmt.Sprintf("%d of %d active people of %s are missing from the file, more than the guard of %g%% allows; if that is right, confirm the digest",
		c.difference.Leavers, c.difference.Active, u.fields.Source, u.fields.Guard)
	c.result.ReasonZh = fmt.Sprintf("文件缺少 %s 的 %d 名在职人员（共 %d 名），超过 %g%% 的警戒线；如确认无误，请以摘要确认",
		u.fields.Source, c.difference.Leavers, c.difference.Active, u.fields.Guard)
}

// follow waits until a snapshot is carried out, telling how far it is. The work
// goes on when the caller leaves.
func (s *Server) follow(ctx context.Context, id string, result *identityv1.ImportResult, tell func(*identityv1.ImportProgress) error) (*identityv1.ImportResult, error) {
	accepted, err := readmodel.AcceptedAt(ctx, s.Platform.Pool, id)
	if err != nil {
		return nil, err
	}
	settled := make(chan error, 1)
	go func() { settled <- s.Platform.Settled(ctx, s.Platform.Service, accepted) }()
	for {
		mark, changed := s.Board.Get(id)
		if mark.Total > 0 {
			if err := tell(&identityv1.ImportProgress{Done: int32(mark.Done), Total: int32(mark.Total)}); err != nil {
				return nil, fmt.Errorf("tell progress: %w", err)
			}
		}
		select {
		case <-changed:
		case err := <-settled:
			if err != nil {
				return nil, err
			}
			return s.outcome(ctx, id, result)
		}
	}
}

// outcome reads from the stream what came of a snapshot.
func (s *Server) outcome(ctx context.Context, id string, result *identityv1.ImportResult) (*identityv1.ImportResult, error) {
	facts, err := s.Platform.Journal.Stream(ctx, snapshot.Stream(id))
	if err != nil {
		return nil, err
	}
	var state snapshot.State
	for _, f := range facts {
		state = snapshot.Evolve(state, f.Message)
	}
	if state.Applied == nil {
		return nil, ErrStuck.With("snapshot", id)
	}
	if result == nil {
		a := state.Accepted
		result = &identityv1.ImportResult{
			Snapshot: id, Digest: a.GetDigest(), Joiners: a.GetJoiners(), Movers: a.GetMovers(), Leavers: a.GetLeavers(),
			Unchanged: a.GetUnchanged(), Quarantined: a.GetQuarantined(),
		}
	}
	result.Quarantined = append(result.Quarantined, state.Applied.GetRefused()...)
	last := facts[len(facts)-1]
	result.Position, result.CorrelationId = last.Position, last.CorrelationID
	return result, s.Platform.Answer(ctx, result.GetPosition())
}
