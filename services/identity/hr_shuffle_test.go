package identity_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ostiary/ostiary/libs/testkit"
)

const shuffleSeed = 20261125

// sent is one event of the year that the HR system lives through.
type sent struct {
	topic   string
	payload []byte
}

// year makes a history of an HR system: people come, move, are away, are
// corrected, leave and come back.
func year(r *rand.Rand, events int) (all []sent) {
	type worker struct {
		employed bool
		last     string
	}
	people := make([]worker, max(events/40, 5))
	for n := 1; n <= events; n++ {
		who := r.IntN(len(people))
		w := &people[who]
		number, id := fmt.Sprintf("E%d", 100+who), fmt.Sprintf("m-%d", n)
		var verb, data string
		switch roll := r.IntN(10); {
		case !w.employed:
			verb, data = "hired", fmt.Sprintf(`{"name":"N%d","email":"n%d@example.com","unit":["总部","U%d"],"position":"p%d","effective_date":"2026-11-22"}`, who, n, r.IntN(9), n)
			w.employed = true
		case roll < 5:
			verb, data = "moved", fmt.Sprintf(`{"position":"p%d","attributes":{"project":"P%d"},"effective_date":"2026-11-22"}`, n, r.IntN(5))
			w.last = id
		case roll < 6 && w.last != "":
			verb, data = "corrected", fmt.Sprintf(`{"corrects":%q,"position":"c%d"}`, w.last, n)
		case roll < 7:
			verb, data = "absent", fmt.Sprintf(`{"from":"2026-11-23","until":"2026-11-%d"}`, 23+r.IntN(7))
		case roll < 8:
			verb, data = "leaving", `{"last_day":"2027-06-30"}`
		case roll < 9:
			verb, data = "moved", `{"position":7,"effective_date":"2026-11-22"}` // goes into quarantine
		default:
			verb, data = "dismissed", `{}`
			w.employed = false
		}
		topic, payload := event(n, id, verb, number, data)
		all = append(all, sent{topic, payload})
	}
	return all
}

// state is how the people and the feed are at the end.
func (i *installation) state() string {
	i.t.Helper()
	i.settle()
	rows, err := i.identity.Pool.Query(i.t.Context(), `
		SELECT employee_number || ' ' || state || ' ' || unit::text || ' ' || position || ' ' || attributes::text FROM rm_people.people
		UNION ALL SELECT source || ' ' || last FROM rm_hr_feed.sources
		UNION ALL SELECT event_id || ' ' || reason FROM rm_hr_feed.quarantine ORDER BY 1`)
	if err != nil {
		i.t.Fatal(err)
	}
	text := ""
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			i.t.Fatal(err)
		}
		text += line + "\n"
	}
	if err := rows.Err(); err != nil {
		i.t.Fatal(err)
	}
	return text
}

// Covers: OPS-002
func TestShuffledAndDuplicatedHrEventsEndInTheStateOfTheOrderedRun(t *testing.T) {
	events := testkit.Count(10_000)
	t.Logf("seed %d, %d events", shuffleSeed, events)
	r := rand.New(rand.NewPCG(shuffleSeed, 1))
	all := year(r, events)

	ordered := install(t)
	ordered.pack(1, feedPack)
	h := ordered.hrSystem()
	for _, s := range all {
		h.publish(s.topic, s.payload)
	}
	ordered.takenIn(events)

	// Every fifth event comes twice, all in any order.
	shuffled := slices.Clone(all)
	for n, s := range all {
		if n%5 == 0 {
			shuffled = append(shuffled, s)
		}
	}
	r.Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
	mixed := prepare(t)
	mixed.start()
	mixed.admin = mixed.signIn("admin", bootstrapPassword)
	mixed.pack(1, feedPack)
	h = mixed.hrSystem()
	for _, s := range shuffled {
		h.publish(s.topic, s.payload)
	}
	mixed.takenIn(events)
	if got, want := mixed.state(), ordered.state(); got != want {
		t.Errorf("shuffled the state is\n%s\nordered it is\n%s", got, want)
	}
}

// takenIn waits until so many events have been taken in and nothing is left on
// the bus.
func (i *installation) takenIn(events int) {
	i.t.Helper()
	i.patiently(fmt.Sprintf("%d events taken in", events), func() bool {
		var last int
		if err := i.identity.Pool.QueryRow(i.t.Context(), `SELECT coalesce(max(last), 0) FROM rm_hr_feed.sources`).Scan(&last); err != nil {
			i.t.Fatal(err)
		}
		return last == events
	})
	h := i.hrSystem()
	i.patiently("the bus is empty", func() bool {
		s, err := h.js.Stream(i.t.Context(), "HR")
		return err == nil && s.CachedInfo().State.Msgs == 0
	})
	var waiting int
	if err := i.identity.Pool.QueryRow(i.t.Context(), `SELECT count(*) FROM identity.hr_waiting`).Scan(&waiting); err != nil || waiting > 0 {
		i.t.Fatalf("%d events still wait, %v", waiting, err)
	}
	i.settleWithin(muchWork)
}
