package policy

import (
	"context"
	"strings"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/identity/internal/domain/orgchart"
	"github.com/ostiary/ostiary/services/identity/internal/hrevent"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// ErrUnitLater says that a change of the tree lies in the future.
var ErrUnitLater = fault.New(fault.Refused, "HR_UNIT_CHANGE_LATER",
	"Changes of the organisation tree hold at once; send this one on its day, or retry it then.",
	"组织架构变更即时生效，请在生效当日发送，或届时重试。")

// What a unit.changed event may say.
const (
	unitCreated   = "created"
	unitRenamed   = "renamed"
	unitMoved     = "moved"
	unitMerged    = "merged"
	unitSplit     = "split"
	unitAbolished = "abolished"
	unitHead      = "head"
)

// unit does what concerns the organisation tree (IDN-009).
func (h *hrEvents) unit(ctx context.Context, f eventstore.Fact, e hrevent.Event) error {
	c, err := h.unitChange(ctx, f, e)
	if err != nil {
		return err
	}
	_, err = eventstore.Execute(ctx, h.p.Journal, orgchart.Decider, orgchart.Stream,
		h.policy.Command(f, orgchart.Stream), messaging.CausedBy(h.p.Service, f), c)
	return err
}

func (h *hrEvents) unitChange(ctx context.Context, f eventstore.Fact, e hrevent.Event) (orgchart.Command, error) {
	d := e.Data
	if d.EffectiveDate.Given {
		day, err := hrevent.Day(d.EffectiveDate, "effective_date", h.p.Zone)
		if err != nil {
			return nil, err
		}
		if day.After(h.p.Clock.Now()) {
			return nil, ErrUnitLater.With("effective_date", d.EffectiveDate.Value)
		}
	}
	path := d.Unit.Value
	if len(path) == 0 {
		path = strings.Split(e.Subject, "/")
	}
	needsTo := d.Change.Value == unitRenamed || d.Change.Value == unitMoved || d.Change.Value == unitMerged || d.Change.Value == unitSplit
	if needsTo && len(d.To.Value) == 0 {
		return nil, hrevent.ErrInvalid.With("field", "data.to")
	}
	switch d.Change.Value {
	case unitCreated:
		return orgchart.EnsureUnits{Paths: [][]string{path}, ID: unitID, Limit: unitsAtOnce}, nil
	case unitSplit: // the new unit is there; HR moves its people
		return orgchart.EnsureUnits{Paths: [][]string{path, d.To.Value}, ID: unitID, Limit: unitsAtOnce}, nil
	case unitRenamed, unitMoved:
		to := d.To.Value
		if d.Change.Value == unitRenamed && len(to) == 1 {
			to = append(append([]string{}, path[:len(path)-1]...), to...)
		}
		return orgchart.MoveUnit{Path: path, To: to, Reason: d.Reason.Value}, nil
	case unitMerged:
		return orgchart.MergeUnit{Path: path, Into: d.To.Value, Reason: d.Reason.Value}, nil
	case unitAbolished:
		if err := h.p.Projected(ctx, f.Position); err != nil {
			return nil, err
		}
		members, err := readmodel.Members(ctx, h.p.Pool, path)
		return orgchart.AbolishUnit{Path: path, Reason: d.Reason.Value, Members: len(members)}, err
	case unitHead:
		return orgchart.NameHead{Path: path, Head: d.Head.Value, Reason: d.Reason.Value}, nil
	}
	return nil, hrevent.ErrInvalid.With("field", "data.change")
}
