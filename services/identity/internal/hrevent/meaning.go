package hrevent

import (
	"errors"
	"maps"
	"slices"
	"time"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/idnumber"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/orgchart"
	"github.com/ostiary/ostiary/services/identity/internal/hrfile"
)

// Day reads a local day and returns its first instant; the field must be there.
func Day(f Field[string], name string, zone *time.Location) (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, f.Value, zone)
	if err != nil {
		return time.Time{}, ErrInvalid.With("field", "data."+name)
	}
	return day, nil
}

// DayAfter reads a local day that is inclusive and returns the first instant
// after it.
func DayAfter(f Field[string], name string, zone *time.Location) (time.Time, error) {
	day, err := Day(f, name, zone)
	if err != nil {
		return day, err
	}
	return day.AddDate(0, 0, 1), nil
}

// Details are the details of a person after the event; known may be nil.
func (d Data) Details(known *identityv1.PersonDetails, today calendar.Date) (*identityv1.PersonDetails, error) {
	details := &identityv1.PersonDetails{
		Name: d.Name.Or(known.GetName()), Email: d.Email.Or(known.GetEmail()), Phone: d.Phone.Or(known.GetPhone()),
		IdNumber: d.IDNumber.Or(known.GetIdNumber()), Kind: d.Kind.Or(known.GetKind()),
	}
	if details.GetKind() == "" {
		details.Kind = hrfile.Kinds[0]
	}
	switch {
	case details.GetName() == "":
		return nil, ErrInvalid.With("field", "data.name")
	case !slices.Contains(hrfile.Kinds, details.GetKind()):
		return nil, hrfile.ErrKind.With("kind", details.GetKind())
	}
	if d.IDNumber.Value == "" {
		return details, nil
	}
	n, err := idnumber.Parse(d.IDNumber.Value, today)
	if why := (*fault.Fault)(nil); errors.As(err, &why) {
		return nil, why
	}
	details.IdNumber = n.Canonical()
	return details, err
}

// Post is the post of a person after the event; known may be nil.
func (d Data) Post(known *identityv1.Post) (*identityv1.Post, error) {
	post := &identityv1.Post{
		Unit: d.Unit.Or(known.GetUnit()), Position: d.Position.Or(known.GetPosition()), Supervisor: d.Supervisor.Or(known.GetSupervisor()),
		Attributes: maps.Clone(known.GetAttributes()),
	}
	if post.Attributes == nil || d.Attributes.Given && d.Attributes.Value == nil {
		post.Attributes = map[string]string{}
	}
	for key, value := range d.Attributes.Value {
		if value == nil || *value == "" {
			delete(post.Attributes, key)
			continue
		}
		post.Attributes[key] = *value
	}
	if len(post.Unit) > orgchart.MaxLevels {
		return nil, orgchart.ErrTooDeep
	}
	return post, nil
}

// Merge is the data with the fields that a correction gives.
func (d Data) Merge(c Data) Data {
	for _, pair := range []struct{ to, from *Field[string] }{
		{&d.Name, &c.Name}, {&d.Email, &c.Email}, {&d.Phone, &c.Phone}, {&d.IDNumber, &c.IDNumber}, {&d.Kind, &c.Kind}, {&d.Position, &c.Position},
		{&d.Supervisor, &c.Supervisor}, {&d.EffectiveDate, &c.EffectiveDate}, {&d.LastDay, &c.LastDay}, {&d.Reason, &c.Reason},
		{&d.From, &c.From}, {&d.Until, &c.Until}, {&d.Deputy, &c.Deputy}, {&d.Head, &c.Head},
	} {
		if pair.from.Given {
			*pair.to = *pair.from
		}
	}
	if c.Unit.Given {
		d.Unit = c.Unit
	}
	if c.Attributes.Given {
		d.Attributes = c.Attributes
	}
	return d
}

// NumberFits tells whether an employee number can be the name of an account.
func NumberFits(number string) bool { return account.ValidName(number) }
