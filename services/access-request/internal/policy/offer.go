package policy

import (
	"fmt"
	"time"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// Offer is the role as the catalogue in force has it, for a grant that begins
// at an instant; nil if it has none of this name.
func (r Rules) Offer(application, role string, begin time.Time, zone *time.Location) (*holdings.Offer, error) {
	if r.Pack == nil {
		return nil, nil
	}
	a, of, ok := r.Pack.Role(pack.Grant{Application: application, Role: role})
	if !ok {
		return nil, nil
	}
	latest, err := latest(of.Max, begin, zone)
	if err != nil {
		return nil, fmt.Errorf("longest time of %s/%s: %w", application, role, err)
	}
	return &holdings.Offer{
		Application: a.ID, Role: of.ID, TitleZH: title(a.Title.ZH, a.ID) + "：" + title(of.Title.ZH, of.ID), Level: of.Level,
		Privileged: of.Privileged, Owner: a.Owner, Target: a.Target, Latest: latest,
	}, nil
}

func title(zh, id string) string {
	if zh == "" {
		return id
	}
	return zh
}

// latest is the last instant of a grant that begins at another: a year later if
// the catalogue says nothing (CFG-16). Working days count to the end of the
// last one.
func latest(longest pack.Duration, begin time.Time, zone *time.Location) (time.Time, error) {
	if longest.IsZero() {
		return begin.In(zone).AddDate(1, 0, 1), nil
	}
	if fixed, ok := longest.Fixed(); ok {
		// Ends are days: the last day counts to its 24:00.
		return begin.Add(fixed).Add(24 * time.Hour), nil
	}
	day := calendar.DateOf(begin, zone)
	last, err := calendar.China(day).Add(day, longest.Count)
	if err != nil {
		return time.Time{}, err
	}
	return last.Date.Next(1).Start(zone), nil
}

// DutyRules are the rules about what nobody holds together.
func (r Rules) DutyRules() []holdings.DutyRule { return duties(r) }

// InForce is the pack as a decision names it.
func (r Rules) InForce() holdings.Pack {
	return holdings.Pack{Version: r.Version, EffectiveAt: r.EffectiveAt}
}
