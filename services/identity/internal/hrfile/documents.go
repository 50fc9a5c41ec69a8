package hrfile

import (
	"errors"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/idnumber"

	"github.com/ostiary/ostiary/services/identity/internal/domain/snapshot"
)

// documents brings identity numbers into their one form, so that a person is
// found by any way of writing, and quarantines rows with a number that cannot
// be (IDN-005). Who has another document leaves the field empty.
func (f File) documents(m Map, today calendar.Date) File {
	return f.quarantine(func(r snapshot.Row) *fault.Fault {
		if r.Details.GetIdNumber() == "" {
			return nil
		}
		n, err := idnumber.Parse(r.Details.GetIdNumber(), today)
		if why := (*fault.Fault)(nil); errors.As(err, &why) {
			return why.With("detail", m.Columns["id_number"])
		}
		r.Details.IdNumber = n.Canonical()
		return nil
	})
}
