package rpc

import (
	"testing"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// Whatever the refusal, the role is shown with it.
func TestEveryRefusalOfARoleIsShown(t *testing.T) {
	t.Parallel()
	for want, why := range map[string]*fault.Fault{
		"held":        holdings.ErrHeldAlready.With("role", "orders/reader"),
		"pending":     holdings.ErrRequestOpen,
		"conflict":    holdings.ErrDutyConflict,
		"waiting":     holdings.ErrDutyAwaits,
		"unavailable": fault.New(fault.Refused, "ANOTHER", "Not now.", "暂不可申请。"),
	} {
		shown := &accessv1.OfferedRole{State: "requestable"}
		refuse(shown, why)
		if shown.GetState() != want || shown.GetReason() != why.Reason || shown.GetWhyZh() != why.MessageZH || shown.GetWhy() != why.Message {
			t.Errorf("%s is shown as %v, want %s", why.Reason, shown, want)
		}
	}
}
