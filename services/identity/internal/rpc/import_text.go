package rpc

import (
	"strings"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/identity/internal/domain/orgchart"
	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
	"github.com/ostiary/ostiary/services/identity/internal/hrfile"
)

// refusals are why a row may be quarantined.
var refusals = []*fault.Fault{
	hrfile.ErrEncoding, hrfile.ErrIncomplete, hrfile.ErrNumber, hrfile.ErrDuplicate, hrfile.ErrKind, hrfile.ErrUnitCycle,
	hrfile.ErrSupervisorLoop, hrfile.ErrNumberTaken, orgchart.ErrTooDeep, person.ErrForeign, person.ErrNotEmployed, person.ErrPlannedAhead,
}

// translate adds to rows what they say in Chinese. Events keep one language:
// they are limited in size, and the reason tells the rest.
func translate(rows []*identityv1.QuarantinedRow) {
	for _, row := range rows {
		for _, f := range refusals {
			if f.Reason == row.GetReason() {
				row.MessageZh = f.MessageZH + strings.TrimPrefix(row.GetMessage(), f.Message) // what remains is the detail
			}
		}
	}
}
