package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// step is one file that somebody hands in: a snapshot of HR or a pack.
type step struct {
	name string
	// date is the first day of the new state.
	date string
	// pack is the pack that is applied; "" for a snapshot.
	pack string
	// snapshot is the file of HR.
	snapshot string
	// matrix holds after the step.
	matrix []line
	// people are the posts after the step.
	people map[string]post
}

// story is a company over some time.
type story struct {
	mapping string
	steps   []step
}

// rights are the rights after a step, by employee number; whoever has none is
// left out.
func (s step) rights() map[string][]string {
	rights := map[string][]string{}
	for number, p := range s.people {
		if r := due(s.matrix, p); len(r) > 0 {
			rights[number] = r
		}
	}
	return rights
}

// memberships are the rights after a step as the target shows them, sorted.
func (s step) memberships() []string {
	shown := []string{}
	for number, roles := range s.rights() {
		for _, r := range roles {
			shown = append(shown, "ost_"+number+" ost_"+strings.ReplaceAll(r, "/", "_"))
		}
	}
	slices.Sort(shown)
	return shown
}

// everybody is every employee number that ever occurs.
func (s story) everybody() []string {
	all := map[string]bool{}
	for _, st := range s.steps {
		for number := range st.people {
			all[number] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// last is the step after which nothing more happens.
func (s story) last() step { return s.steps[len(s.steps)-1] }

// back is the first day of a month so many months ago.
func back(months int) string {
	now := time.Now().UTC()
	return time.Date(now.Year(), now.Month()-time.Month(months), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// command writes the file of a step and returns the call that hands it in.
func (i *installation) command(s story, st step) []string {
	if st.pack != "" {
		return []string{"policy", "apply", i.write(st.name+".yaml", st.pack), "--wait", "5m"}
	}
	return []string{
		"hr", "import", i.write(st.name+".csv", st.snapshot), "--map", i.write("map.yaml", s.mapping),
		"--effective", st.date, "--wait", "5m",
	}
}

// play hands in a step and waits until its consequences are confirmed.
func (i *installation) play(s story, st step) map[string]any {
	i.t.Helper()
	begun := time.Now()
	answer := i.object(i.command(s, st)...)
	i.t.Logf("%s: %v joiners, %v movers, %v leavers in %v", st.name, answer["joiners"], answer["movers"], answer["leavers"], time.Since(begun).Round(time.Millisecond))
	if q, _ := answer["quarantined"].([]any); len(q) > 0 {
		i.t.Errorf("%s: quarantined %v", st.name, q)
	}
	return answer
}

// shows compares the memberships on the target with those that are expected;
// an account without any may not sign in.
func shows(t *testing.T, target *pgx.Conn, after string, want []string) {
	t.Helper()
	var accounts []string
	for _, m := range want {
		account, _, _ := strings.Cut(m, " ")
		accounts = append(accounts, account)
	}
	slices.Sort(accounts)
	able := logins(t, target)
	slices.Sort(able)
	if accounts = slices.Compact(accounts); !slices.Equal(able, accounts) {
		t.Errorf("after %s %d accounts may sign in on the target, want %d", after, len(able), len(accounts))
	}
	got := rights(t, target)
	slices.Sort(got) // the target has an order of its own
	if slices.Equal(got, want) {
		return
	}
	missing := slices.DeleteFunc(slices.Clone(want), func(m string) bool { _, ok := slices.BinarySearch(got, m); return ok })
	surplus := slices.DeleteFunc(got, func(m string) bool { _, ok := slices.BinarySearch(want, m); return ok })
	t.Errorf("after %s the target lacks %d memberships %v and has %d too many %v", after,
		len(missing), missing[:min(5, len(missing))], len(surplus), surplus[:min(5, len(surplus))])
}

// with is the same installation, speaking to another test.
func (i *installation) with(t *testing.T) *installation {
	other := *i
	other.t = t
	return &other
}
