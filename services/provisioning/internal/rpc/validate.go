package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/pack"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/policy"
	"github.com/ostiary/ostiary/services/provisioning/internal/target/postgres"
)

// look is how long a target may take to answer while a pack is checked.
const look = 3 * time.Second

// ValidatePack checks the targets of a pack: what can never work is a problem,
// what does not work at present a warning (PRV-006).
func (s *Server) ValidatePack(ctx context.Context, r *policyv1.ValidatePackRequest) (*policyv1.ValidatePackResponse, error) {
	p, problems := pack.Parse(r.GetBody())
	answer := &policyv1.ValidatePackResponse{}
	for _, pr := range problems {
		answer.Problems = append(answer.Problems, &policyv1.PackProblem{Line: int32(pr.Line), Column: int32(pr.Column), Message: pr.Message})
	}
	if p == nil {
		return answer, nil
	}
	text := string(r.GetBody())
	var reach []*provisioningv1.TargetDefinition
	for _, d := range policy.Targets(p) {
		switch {
		case !s.adapters.Known(d.GetKind()):
			answer.Problems = append(answer.Problems, at(text, d.GetTarget(),
				fmt.Sprintf("target %s: this installation has no adapter for kind %s; use postgres", d.GetTarget(), d.GetKind())))
		case !s.adapters.Set(d):
			answer.Problems = append(answer.Problems, at(text, d.GetDsnEnv(),
				fmt.Sprintf("target %s: the variable %s is not set for the provisioning service; set it to the target's connection string and start the service again", d.GetTarget(), d.GetDsnEnv())))
		default:
			reach = append(reach, d)
		}
	}
	s.visit(ctx, text, reach, answer)
	return answer, nil
}

// visit connects to all targets at the same time.
func (s *Server) visit(ctx context.Context, text string, definitions []*provisioningv1.TargetDefinition, answer *policyv1.ValidatePackResponse) {
	systems, errs := make([]string, len(definitions)), make([]error, len(definitions))
	var all sync.WaitGroup
	for i, d := range definitions {
		all.Go(func() { systems[i], errs[i] = s.adapters.Probe(ctx, d, look) })
	}
	all.Wait()
	for i, d := range definitions {
		switch {
		case errs[i] == nil:
			if other, ok := shared(definitions[:i], systems[:i], d, systems[i]); ok {
				answer.Problems = append(answer.Problems, at(text, d.GetTarget(),
					fmt.Sprintf("target %s: it is the same database cluster as target %s and their prefixes overlap, so one would change the other's accounts; give them prefixes of which none begins the other", d.GetTarget(), other)))
			}
		case errors.Is(errs[i], postgres.ErrEventStore):
			answer.Problems = append(answer.Problems, at(text, d.GetDsnEnv(), "target "+d.GetTarget()+": "+postgres.ErrEventStore.Message))
		default:
			answer.Warnings = append(answer.Warnings, at(text, d.GetTarget(), "target "+d.GetTarget()+": "+sentence(errs[i])))
		}
	}
}

// shared names a target before this one in which the same roles might be meant.
func shared(before []*provisioningv1.TargetDefinition, systems []string, d *provisioningv1.TargetDefinition, system string) (string, bool) {
	for i, b := range before {
		if systems[i] == system && (strings.HasPrefix(b.GetPrefix(), d.GetPrefix()) || strings.HasPrefix(d.GetPrefix(), b.GetPrefix())) {
			return b.GetTarget(), true
		}
	}
	return "", false
}

// sentence is what an error says to a person, without anything secret.
func sentence(err error) string {
	f, ok := fault.Of(err)
	switch {
	case !ok:
		return "it could not be looked at"
	case f.Details["detail"] != "":
		return f.Message + " (" + f.Details["detail"] + ")"
	}
	return f.Message
}

// at places a problem where a name first stands in the pack as a word.
func at(text, name, message string) *policyv1.PackProblem {
	for i, line := range strings.Split(text, "\n") {
		for from := 0; ; {
			j := strings.Index(line[from:], name)
			if j < 0 {
				break
			}
			start, end := from+j, from+j+len(name)
			if !partOfName(line, start-1) && !partOfName(line, end) {
				return &policyv1.PackProblem{Line: int32(i + 1), Column: int32(len([]rune(line[:start])) + 1), Message: message}
			}
			from = end
		}
	}
	return &policyv1.PackProblem{Message: message}
}

func partOfName(line string, i int) bool {
	if i < 0 || i >= len(line) {
		return false
	}
	c := line[i]
	return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
