package servicekit

import (
	"context"
	"time"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authn"
)

// patience is how long an answer may take that comes after a few seconds at the
// latest.
const patience = 10 * time.Second

// endedElsewhere is an authn.Ended: it asks the service that keeps the sessions,
// over gRPC, so that a bus that is away hides no ended session.
func (u *unit) endedElsewhere(ctx context.Context, after int64) ([]string, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var r identityv1.FollowEndedSessionsRequest
	if after >= 0 {
		r.After = &after
	}
	answer, err := identityv1.NewSignInServiceClient(u.platform.Dial(authn.SessionsKeptBy)).FollowEndedSessions(ctx, &r)
	if err != nil {
		return nil, after, err
	}
	return answer.GetSessionIds(), answer.GetNext(), nil
}
