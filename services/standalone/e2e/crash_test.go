package e2e

import (
	"slices"
	"testing"

	"github.com/ostiary/ostiary/libs/testkit"
)

// The process dies at commit points of every service: while packs and files
// are taken in, while rights are decided, ordered, read back and confirmed,
// while the ledger is written. Whoever got no answer hands the same file in
// again. In the end everything is as if nothing had happened.
//
// Covers: AUD-001, PRV-024
func TestKilledAtCommitPointsOfEveryService(t *testing.T) {
	t.Parallel()
	want := playedOnce(t)
	i := install(t)
	w := i.watch()
	pending := append(moments(seed, max(2, testkit.Count(20)), want.commits), moment{"identity", want.taken})
	t.Logf("seed %d, moments %v of %v", seed, pending, want.commits)
	for _, st := range want.story.steps {
		pending = i.playKilled(want.story, st, w, pending)
		i.settle()
	}
	if len(pending) > 0 {
		t.Errorf("the moments %v never came", pending)
	}
	t.Logf("%d files were cut off before they were accepted", i.cutOff(w))
	i.equals(want)
}

// cutOff counts the files of which changes were taken in that never held.
func (i *installation) cutOff(w watch) (files int) {
	i.t.Helper()
	if err := w["identity"].QueryRow(i.t.Context(), `SELECT count(*) FROM (SELECT FROM es.event WHERE stream LIKE 'snapshot-%'
		GROUP BY stream HAVING NOT bool_or(type LIKE '%.HrSnapshotAccepted')) s`).Scan(&files); err != nil {
		i.t.Fatal(err)
	}
	return files
}

// playKilled hands in a step as often as it takes to get an answer, and kills
// the process whenever one of the moments has come. It returns those that have
// not.
func (i *installation) playKilled(s story, st step, w watch, pending []moment) []moment {
	i.t.Helper()
	command := append(i.command(s, st), "--json")
	for attempt := 1; attempt <= 30; attempt++ {
		done := make(chan struct{})
		var r answer
		var err error
		go func() {
			defer close(done)
			r, err = i.run(nil, command...)
		}()
		killed := false
		for {
			m, come := w.reached(i.t, done, pending)
			if !come {
				break
			}
			i.kill()
			i.t.Logf("%s, attempt %d: killed at %v", st.name, attempt, m)
			killed, pending = true, slices.DeleteFunc(pending, func(p moment) bool { return p == m })
			i.start()
		}
		switch {
		case err != nil:
			i.t.Fatal(err)
		case r.code == 0:
			return pending
		case !killed:
			i.t.Fatalf("%s: exit %d\n%s%s", st.name, r.code, r.out, r.err)
		}
	}
	i.t.Fatalf("%s gets no answer", st.name)
	return nil
}
