package company

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/grpckit"
)

// player plays one company on the installation and on its oracle.
type player struct {
	*company
	*witness
	i        *installation
	random   *rand.Rand
	sequence int      // of the HR system
	said     []string // every command
	hired    int      // people whom HR has ever spoken of
	access   accessv1.AccessRequestServiceClient
	signing  approvalv1.ApprovalServiceClient
	// directory is who works here.
	directory identityv1.IdentityServiceClient
}

func newPlayer(i *installation, seed uint64, n int) *player {
	return &player{
		company: newCompany(n), witness: newWitness(), i: i, random: rand.New(rand.NewPCG(seed, uint64(n))),
		access: accessv1.NewAccessRequestServiceClient(i.assembly.Conn("access-request")), signing: approvalv1.NewApprovalServiceClient(i.assembly.Conn("approval")),
		directory: identityv1.NewIdentityServiceClient(i.assembly.Conn("identity")),
	}
}

// command is one thing to do: words for whoever reads a failure, whether it must
// be accepted, and how to do it.
type command struct {
	words  string
	refuse string // why it must be refused, "" if it must be accepted
	do     func(ctx context.Context) error
	then   func() // what it means if it is accepted
}

// play carries a command out and waits until its consequences are seen.
func (p *player) play(ctx context.Context, c command) error {
	p.said = append(p.said, fmt.Sprintf("%s %s [%s]", p.now.In(zone).Format("01-02 15:04"), c.words, c.refuse))
	err := c.do(ctx)
	switch {
	case err != nil && c.refuse == "":
		return p.fails("refused: %v", err)
	case err == nil && c.refuse != "":
		return p.fails("accepted, and must not be: %s", c.refuse)
	case err == nil:
		c.then()
	}
	return p.agree(ctx)
}

// agree waits until what is seen is what must be.
func (p *player) agree(ctx context.Context) error {
	want := p.company.picture()
	limit := time.After(patience)
	for {
		p.mu.Lock()
		seen, changed, broken := p.witness.picture(), p.changed, slices.Clone(p.broken)
		p.mu.Unlock()
		switch {
		case len(broken) > 0:
			return p.fails("a law is broken: %s", strings.Join(broken, "; "))
		case maps.Equal(want, seen):
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-limit:
			return p.fails("not as it must be:\n%s", difference(want, seen))
		}
	}
}

// difference lists what is missing and what is too much.
func difference(want, seen map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if seen[key] != want[key] {
			fmt.Fprintf(&b, "  %s: seen %q, must be %q\n", key, seen[key], want[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		if _, ok := want[key]; !ok {
			fmt.Fprintf(&b, "  %s: seen %q, must not be\n", key, seen[key])
		}
	}
	return b.String()
}

// fails tells what went wrong, after which commands.
func (p *player) fails(format string, args ...any) error {
	last := p.said[max(0, len(p.said)-40):]
	return fmt.Errorf("company %s at %s: %s\nafter\n  %s", p.name, p.now.In(zone), fmt.Sprintf(format, args...), strings.Join(last, "\n  "))
}

// as is a call of somebody who has seen everything that the company has.
func (p *player) as(number string, roles ...string) (context.Context, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, id := p.i.as(number, p.ids[number], roles...)
	for _, service := range told {
		if service != "provisioning" {
			ctx = metadata.AppendToOutgoingContext(ctx, grpckit.HeaderNotBefore, grpckit.FormatPosition(service, p.position[service]))
		}
	}
	return ctx, id
}

// one chooses one of several; chance tells whether something of so many percent
// happens.
func one[T any](p *player, of ...T) T { return of[p.random.IntN(len(of))] }

func (p *player) chance(percent int) bool { return p.random.IntN(100) < percent }

// day is a local day so many days from today.
func (p *player) day(after int) time.Time {
	y, m, d := p.now.In(zone).Date()
	return time.Date(y, m, d+after, 0, 0, 0, 0, zone)
}
