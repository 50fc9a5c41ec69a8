package rpc

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/policy/internal/domain/packs"
)

// ErrUnreachable says that a service could not be asked.
var ErrUnreachable = fault.New(fault.Unavailable, "PACK_SUBSCRIBER_UNREACHABLE",
	"A service that decides by the pack cannot be reached, and without it nothing is published; start it or wait, then apply again.",
	"按策略包作出决定的服务无法访问，因此未发布；请启动该服务或稍候，然后重新发布。")

// validateWait is how long a service may take; it may look at targets.
const validateWait = 15 * time.Second

// verdict is what all services together say to a pack.
type verdict struct {
	problems, warnings []*policyv1.PackProblem
	foreseen           packs.Foreseen
}

// validate asks every subscriber at the same time. Who cannot be asked stops
// the publication: nobody may find out afterwards that it cannot decide.
func (s *Server) validate(ctx context.Context, body []byte) (verdict, error) {
	answers := make([]*policyv1.ValidatePackResponse, len(s.Subscribers))
	g, ctx := errgroup.WithContext(ctx)
	for i, name := range s.Subscribers {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, validateWait)
			defer cancel()
			var err error
			answers[i], err = policyv1.NewPackSubscriberServiceClient(s.Platform.Dial(name)).ValidatePack(ctx, &policyv1.ValidatePackRequest{Body: body})
			return unreachable(name, err)
		})
	}
	if err := g.Wait(); err != nil {
		return verdict{}, err
	}
	var v verdict
	for i, name := range s.Subscribers {
		a := answers[i]
		v.problems = append(v.problems, says(name, a.GetProblems())...)
		v.warnings = append(v.warnings, says(name, a.GetWarnings())...)
		v.foreseen.Given += a.GetGrantsGiven()
		v.foreseen.Taken += a.GetGrantsTaken()
		v.foreseen.Held += a.GetGrantsHeld()
	}
	return v, nil
}

func says(service string, problems []*policyv1.PackProblem) []*policyv1.PackProblem {
	for _, p := range problems {
		p.Service = service
	}
	return problems
}

func unreachable(service string, err error) error {
	if err == nil {
		return nil
	}
	f, refused := fault.Of(err)
	away := []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.Unimplemented}
	if refused && f.Kind == fault.Unavailable || !refused && slices.Contains(away, status.Code(err)) {
		return ErrUnreachable.With("service", service)
	}
	return fmt.Errorf("ask %s about the pack: %w", service, err)
}
