package policy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/projection"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// timeName is the durable identity of the deadlines. Never rename it: old ones
// would act again.
const timeName = "when_time_comes_begin_notice_expire"

// The kinds of deadlines; each goes with the id of its request or grant.
const (
	begins     = "begin:"
	notices    = "notice:"
	expires    = "expire:"
	reinstates = "reinstate:"
)

// WhenTimeComesBeginNoticeExpire lets grants begin on their day, gives notice of
// their end, and ends them; and it ends suspensions.
func WhenTimeComesBeginNoticeExpire(r *Requests) *projection.Deadlines {
	return &projection.Deadlines{
		Derive: func(f eventstore.Fact) []projection.DueChange { return terms(f.Stream, f.Message) },
		Do:     r.timeComes,
	}
}

func (r *Requests) timeComes(ctx context.Context, d projection.Due) error {
	set, err := r.Journal.Store.ReadAll(ctx, d.Position-1, 1)
	if err != nil {
		return fmt.Errorf("read the event at %d: %w", d.Position, err)
	}
	if len(set) == 0 {
		return fmt.Errorf("read the event at %d: it is not there", d.Position)
	}
	f, err := eventstore.Decode(r.Service, set[0])
	if err != nil {
		return err
	}
	rules, err := r.Packs.Current(ctx)
	if err != nil {
		return err
	}
	id := eventstore.PolicyCommandID(timeName+"/"+d.Kind, r.Service, d.Position, d.Stream)
	c, err := r.due(ctx, d, rules, id)
	if err != nil {
		return err
	}
	command := eventstore.Command{ID: id, Digest: eventstore.Digest(timeName, d.Stream, r.Service, []byte(id))}
	meta := messaging.CausedBy(r.Service, f)
	meta.PolicyDigest = rules.Digest
	if _, err := r.decide(ctx, d.Stream, command, meta, c); err != nil {
		return fmt.Errorf("%s in %s: %w", d.Kind, d.Stream, err)
	}
	return nil
}

// due is the command of a deadline.
func (r *Requests) due(ctx context.Context, d projection.Due, rules Rules, command string) (holdings.Command, error) {
	now := r.Clock.Now()
	if grant, ok := strings.CutPrefix(d.Kind, notices); ok {
		return holdings.NoticeExpiry{GrantID: grant, Now: now}, nil
	}
	if grant, ok := strings.CutPrefix(d.Kind, expires); ok {
		return holdings.Expire{GrantID: grant, Now: now}, nil
	}
	if grant, ok := strings.CutPrefix(d.Kind, reinstates); ok {
		return holdings.EndSuspension{GrantID: grant, Duties: rules.DutyRules(), Now: now}, nil
	}
	request, ok := strings.CutPrefix(d.Kind, begins)
	if !ok {
		return nil, fmt.Errorf("unknown deadline %q", d.Kind)
	}
	s, _, err := eventstore.Load(ctx, r.Journal, holdingsDecider, d.Stream)
	if err != nil {
		return nil, err
	}
	return r.beginning(s.Requests[request].Requested, command, rules)
}

// terms are the deadlines that an event sets or clears.
func terms(stream string, event proto.Message) []projection.DueChange {
	at := func(kind string, t time.Time) projection.DueChange {
		return projection.DueChange{Stream: stream, Kind: kind, At: t}
	}
	ends := func(grant string, begin, end *timestamppb.Timestamp) []projection.DueChange {
		if end == nil {
			return nil
		}
		return []projection.DueChange{
			at(notices+grant, holdings.NoticeAt(begin.AsTime(), end.AsTime())), at(expires+grant, end.AsTime()),
		}
	}
	never := time.Time{}
	over := func(grant string) []projection.DueChange {
		return []projection.DueChange{at(notices+grant, never), at(expires+grant, never), at(reinstates+grant, never)}
	}
	switch e := event.(type) {
	case *accessv1.AccessRequestApproved:
		if e.GetBeginsAt() != nil {
			return []projection.DueChange{at(begins+e.GetRequestId(), e.GetBeginsAt().AsTime())}
		}
	case *accessv1.AccessRequestDelayed: // its end is the last moment to look
		return []projection.DueChange{at(begins+e.GetRequestId(), e.GetValidUntil().AsTime())}
	case *accessv1.AccessRequestWithdrawn:
		return []projection.DueChange{at(begins+e.GetRequestId(), never)}
	case *accessv1.AccessRequestRefused:
		return []projection.DueChange{at(begins+e.GetRequestId(), never)}
	case *accessv1.GrantIssued:
		changes := ends(e.GetGrantId(), e.GetEffectiveAt(), e.GetValidUntil())
		if e.GetRequestId() != "" {
			changes = append(changes, at(begins+e.GetRequestId(), never))
		}
		return changes
	case *accessv1.GrantRenewed:
		return ends(e.GetGrantId(), e.GetBeganAt(), e.GetValidUntil())
	case *accessv1.GrantSuspended:
		if e.GetUntil() != nil {
			return []projection.DueChange{at(reinstates+e.GetGrantId(), e.GetUntil().AsTime())}
		}
	case *accessv1.GrantReinstated:
		return []projection.DueChange{at(reinstates+e.GetGrantId(), never)}
	case *accessv1.GrantRevoked:
		return over(e.GetGrantId())
	case *accessv1.GrantExpired:
		return over(e.GetGrantId())
	}
	return nil
}
