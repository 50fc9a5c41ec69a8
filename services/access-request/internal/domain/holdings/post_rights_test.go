package holdings_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// transfers is a change of post that is being cleared.
func transfers(c holdings.NotePost) holdings.NotePost {
	c.Case = "cas_1"
	return c
}

func notedTransfer(position int64, project string) *accessv1.PostNoted {
	e := noted(position, tuesday, project, true)
	e.CaseId = "cas_1"
	return e
}

func rightsRevoked(position int64, grants ...string) *accessv1.PostRightsRevoked {
	return &accessv1.PostRightsRevoked{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", PostChanged: position, GrantIds: grants}
}

func rightsCleared(position int64, grants int32) *accessv1.PostRightsCleared {
	return &accessv1.PostRightsCleared{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", PostChanged: position, Grants: grants}
}

// engineerWith holds reader and writer by the post, both read back.
func engineerWith() []proto.Message {
	return []proto.Message{
		noted(10, monday, "P1", true),
		issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1), activated("grt_1", "reader"),
		issued("grt_2", "writer", holdings.ReasonEmployment, monday, 1), activated("grt_2", "writer"),
	}
}

// Covers: IDN-025, IDN-030
func TestATransferIsClearedWhenEverythingItTookIsGone(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).Given(engineerWith()...).
		When(transfers(engineer(11, tuesday, "P2", packOne, right("auditor", "grt_3")))).
		Then(
			notedTransfer(11, "P2"),
			revoked("grt_1", "reader", holdings.ReasonAttribute, "matrix[1]", tuesday, 1),
			revoked("grt_2", "writer", holdings.ReasonAttribute, "matrix[1]", tuesday, 1),
			issued("grt_3", "auditor", holdings.ReasonAttribute, tuesday, 1),
			rightsRevoked(11, "grt_1", "grt_2"),
		).
		When(holdings.ConfirmActive{GrantID: "grt_3"}).Then(activated("grt_3", "auditor")).
		When(holdings.ConfirmRemoved{GrantID: "grt_2"}).Then(removed("grt_2", "writer")).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader"), rightsCleared(11, 2)).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).ThenNothing()
}

func TestATransferThatTakesNothingIsClearedAtOnce(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).Given(engineerWith()...).
		When(transfers(engineer(11, tuesday, "P2", packOne, right("reader", "grt_3"), right("writer", "grt_4")))).
		Then(notedTransfer(11, "P2"), rightsCleared(11, 0))
	testkit.Rule(t, decider).Given(noted(10, monday, "P1", true)).
		When(transfers(engineer(11, tuesday, "P2", holdings.Pack{}))).
		Then(notedTransfer(11, "P2"), rightsCleared(11, 0))
}

func TestATransferWaitsAlsoForWhatWasBeingRemovedBefore(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(append(engineerWith(), revoked("grt_2", "writer", holdings.ReasonMatrix, "matrix[1]", monday, 2))...).
		When(transfers(engineer(11, tuesday, "P2", packTwo, right("reader", "grt_3")))).
		Then(notedTransfer(11, "P2"), rightsRevoked(11, "grt_2")).
		When(holdings.ConfirmRemoved{GrantID: "grt_2"}).Then(removed("grt_2", "writer"), rightsCleared(11, 1))
}

// A suspended right is taken like any other, and waited for until its removal is
// read back in the turn in which it was revoked.
func TestATransferTakesWhatIsSuspended(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(append(engineerWith(), suspended("grt_2", "writer", 1), suspensionConfirmed("grt_2", "writer"))...).
		When(transfers(engineer(11, tuesday, "P2", packOne, right("reader", "grt_3")))).
		Then(
			notedTransfer(11, "P2"),
			inTurn(2, revoked("grt_2", "writer", holdings.ReasonAttribute, "matrix[1]", tuesday, 1)),
			rightsRevoked(11, "grt_2"),
		).
		When(holdings.ConfirmRemoved{GrantID: "grt_2", Turn: 1}).ThenNothing().
		When(holdings.ConfirmRemoved{GrantID: "grt_2", Turn: 2}).Then(removed("grt_2", "writer"), rightsCleared(11, 1))
}

func TestWhatIsTakenLaterIsNotOfTheTransfer(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).Given(engineerWith()...).
		Given(notedTransfer(11, "P2"), revoked("grt_1", "reader", holdings.ReasonAttribute, "matrix[1]", tuesday, 1), rightsRevoked(11, "grt_1")).
		When(holdings.Realign{PostPosition: 11, Pack: packTwo}).
		Then(revoked("grt_2", "writer", holdings.ReasonMatrix, "matrix[1]", wednesday, 2)).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader"), rightsCleared(11, 1)).
		When(holdings.ConfirmRemoved{GrantID: "grt_2"}).Then(removed("grt_2", "writer"))
}

// A transfer that meets rules which are no longer in force takes nothing yet;
// what it takes is known when the newer rules are applied.
func TestATransferIsNotClearedBeforeTheNewPostHasItsRights(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(append(engineerWith(), issued("grt_3", "auditor", holdings.ReasonMatrix, monday, 2),
			revoked("grt_2", "writer", holdings.ReasonMatrix, "matrix[1]", monday, 2))...).
		When(transfers(engineer(11, tuesday, "P2", packOne, right("clerk", "grt_4")))).Then(notedTransfer(11, "P2")).
		When(holdings.ConfirmRemoved{GrantID: "grt_2"}).Then(removed("grt_2", "writer")).
		When(holdings.Realign{PostPosition: 11, Pack: packTwo, Birthrights: []holdings.Birthright{right("auditor", "grt_5")}}).
		Then(revoked("grt_1", "reader", holdings.ReasonMatrix, "matrix[1]", wednesday, 2), rightsRevoked(11, "grt_1")).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader"), rightsCleared(11, 1))
}

func TestWhoLeavesIsClearedByTheDeparture(t *testing.T) {
	t.Parallel()
	gone := noted(12, wednesday, "P2", false)
	testkit.Rule(t, decider).Given(engineerWith()...).
		Given(notedTransfer(11, "P2"), revoked("grt_1", "reader", holdings.ReasonAttribute, "matrix[1]", tuesday, 1), rightsRevoked(11, "grt_1")).
		When(leaves(12, wednesday)).
		Then(gone, revoked("grt_2", "writer", holdings.ReasonLeaver, "employment", wednesday, 0)).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader")).
		When(holdings.ConfirmRemoved{GrantID: "grt_2"}).Then(removed("grt_2", "writer"), cleared(2, 12))
}
