package company

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/testkit"
)

const (
	// companies are how many live side by side in an installation.
	companies = 48
	// companySeed is played, with those after it, unless COMPANY_SEED says another.
	companySeed = 20261125
	// history is how many commands an installation takes.
	history = 5_000
	// between is how many commands a company takes between two jumps of the
	// clock.
	between = 8
)

// Random histories of whole companies: people come, move, leave and come back,
// ask, sign, refuse, stand in for each other, while days pass. Nobody ever has
// a right without its approvals, decides the own matter by any path, or has two
// that are kept apart; no right outlives its end or its person; and no case
// waits for nobody.
//
// Covers: ACR-030, ACR-060, ACR-067, ACR-070, APR-001, APR-008, APR-010, APR-011
func TestRandomHistoriesOfCompanies(t *testing.T) {
	seed := uint64(companySeed)
	count := testkit.Count(100_000)
	if said := os.Getenv("COMPANY_SEED"); said != "" {
		var err error
		if seed, err = strconv.ParseUint(said, 10, 64); err != nil {
			t.Fatal(err)
		}
		count = history
	}
	for n := 0; n < count; n += history {
		of := seed + uint64(n)
		if !t.Run("seed "+strconv.FormatUint(of, 10), func(t *testing.T) { live(t, of, min(history, count-n)) }) {
			t.Fatalf("play it again with COMPANY_SEED=%d", of)
		}
	}
}

// live lets companies live in an installation for so many commands.
func live(t *testing.T, seed uint64, commands int) {
	i := install(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := policyv1.NewPolicyServiceClient(i.assembly.Conn("policy")).ApplyPack(i.operator(), &policyv1.ApplyPackRequest{Body: []byte(packText(companies))}); err != nil {
		t.Fatal(err)
	}
	var players []*player
	for n := 1; n <= companies; n++ {
		players = append(players, newPlayer(i, seed, n))
	}
	var reading errgroup.Group
	for _, service := range told {
		reading.Go(func() error { return i.follow(ctx, service, players) })
	}
	random := rand.New(rand.NewPCG(seed, 0))
	started, stops, done := time.Now(), 0, 0
	for done < commands {
		n := min(between, (commands-done+companies-1)/companies)
		var g errgroup.Group
		for _, p := range players {
			g.Go(func() error {
				for range n {
					if err := p.play(ctx, p.next()); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		done += n * companies
		stops += i.jump(ctx, players[0].now.Add(time.Duration(1+random.IntN(3))*24*time.Hour), players)
		i.settle()
		for _, p := range players {
			if err := p.rests(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d commands and %d stops of the clock in %s", done, stops, time.Since(started).Round(time.Second))
	i.lists(players)
	counts := map[string]int{}
	for _, p := range players {
		for what, n := range p.counts {
			counts[what] += n
		}
	}
	t.Log(counts)
	cancel()
	if err := reading.Wait(); err != nil {
		t.Error(err)
	}
}

// rests looks at a company in which nothing is under way.
func (p *player) rests(ctx context.Context) error {
	p.mu.Lock()
	p.quiet(p.now)
	p.mu.Unlock()
	return p.agree(ctx)
}
