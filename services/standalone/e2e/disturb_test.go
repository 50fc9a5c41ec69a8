package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/testkit"
)

// writers are the services, in the order in which they are disturbed.
var writers = []string{"identity", "access-request", "provisioning", "audit", "policy"}

// undisturbed is what a story leaves behind when nothing goes wrong.
type undisturbed struct {
	story story
	// digests are those of all projections, by service and name.
	digests map[string]string
	// commits is how far each service came.
	commits map[string]int64
	// taken is the position of identity at which the first file is taken in and
	// not accepted yet.
	taken int64
}

// reference plays the story of the disturbances once for all of them.
var reference struct {
	sync.Mutex
	undisturbed
}

// playedOnce returns the outcome of the story without disturbance.
func playedOnce(t *testing.T) undisturbed {
	t.Helper()
	reference.Lock()
	defer reference.Unlock()
	if reference.digests == nil {
		s := twinStory(seed, max(24, testkit.Count(200)), max(2, testkit.Count(6)))
		i := install(t)
		w, taken := i.watch(), int64(0)
		for _, st := range s.steps {
			if st.pack == "" && taken == 0 {
				taken = w.head(t, "identity") + 1
			}
			i.play(s, st)
		}
		reference.undisturbed = undisturbed{story: s, digests: i.digests(), commits: w.heads(t), taken: taken}
	}
	return reference.undisturbed
}

// digests are the digests of all projections.
func (i *installation) digests() map[string]string {
	i.t.Helper()
	digests := map[string]string{}
	for _, s := range i.object("status")["services"].([]any) {
		service := s.(map[string]any)
		for _, p := range service["projections"].([]any) {
			projection := p.(map[string]any)
			digests[service["service"].(string)+" "+projection["name"].(string)] = projection["digest"].(string)
		}
	}
	return digests
}

// equals expects the outcome of the undisturbed run: the digests of all
// projections, which leave out ids, times and positions; the memberships on
// the target; for a tenth of the people, whose histories are long to read, each
// decision carried out once; a ledger that is intact.
func (i *installation) equals(want undisturbed) {
	i.t.Helper()
	shows(i.t, i.target(), "the story", want.story.last().memberships())
	got := i.digests()
	for _, name := range sorted(want.digests) {
		if got[name] != want.digests[name] {
			i.t.Errorf("projection %s has the digest %s, undisturbed %s", name, got[name], want.digests[name])
		}
	}
	if len(got) != len(want.digests) {
		i.t.Errorf("%d projections, undisturbed %d", len(got), len(want.digests))
	}
	i.accountsFor(want.story, every(10, want.story.everybody()))
	if parked := i.lines("inbox", "list"); len(parked) > 0 {
		i.t.Errorf("parked: %v", parked)
	}
	i.do("audit", "verify")
}

// watch looks at the positions of the services from outside.
type watch map[string]*pgx.Conn

// watch connects to every store. The database servers outlive a kill.
func (i *installation) watch() watch {
	w := watch{}
	for _, service := range writers {
		conn := i.superuser("ostiary_" + strings.ReplaceAll(service, "-", "_"))
		i.t.Cleanup(func() { _ = conn.Close(context.Background()) })
		w[service] = conn
	}
	return w
}

// head is the last commit of a service; audit's are those of the ledger.
func (w watch) head(t *testing.T, service string) (head int64) {
	t.Helper()
	query := "SELECT coalesce(max(position), 0) FROM es.event"
	if service == "audit" {
		query = "SELECT coalesce(max(seq), 0) FROM ledger.entry"
	}
	if err := w[service].QueryRow(t.Context(), query).Scan(&head); err != nil {
		t.Fatal(err)
	}
	return head
}

func (w watch) heads(t *testing.T) map[string]int64 {
	t.Helper()
	heads := map[string]int64{}
	for _, service := range writers {
		heads[service] = w.head(t, service)
	}
	return heads
}

// moment is a commit point: a service reaches a position.
type moment struct {
	service  string
	position int64
}

func (m moment) String() string { return fmt.Sprintf("%s=%d", m.service, m.position) }

// moments chooses commit points over the whole story, each service in turn.
func moments(seed uint64, n int, commits map[string]int64) (chosen []moment) {
	r := rand.New(rand.NewPCG(seed, 9))
	for k := range n {
		service := writers[k%len(writers)]
		chosen = append(chosen, moment{service, 1 + r.Int64N(commits[service]*9/10)})
	}
	return chosen
}

// reached returns the first of the moments to come, unless done is closed
// before that.
func (w watch) reached(t *testing.T, done <-chan struct{}, of []moment) (moment, bool) {
	t.Helper()
	for {
		heads := map[string]int64{}
		for _, m := range of {
			if _, seen := heads[m.service]; !seen {
				heads[m.service] = w.head(t, m.service)
			}
			if heads[m.service] >= m.position {
				return m, true
			}
		}
		select {
		case <-done:
			return moment{}, false
		case <-time.After(5 * time.Millisecond):
		}
	}
}
