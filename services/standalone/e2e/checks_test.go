package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ostiary/ostiary/libs/testkit"
)

// sides is how many checks go on at the same time.
const sides = 2

// aside runs a check for every item, several at once.
func (i *installation) aside(name string, items []string, check func(i *installation, item string)) {
	i.t.Run(name, func(t *testing.T) {
		for side := range sides {
			t.Run(fmt.Sprint(side), func(t *testing.T) {
				t.Parallel()
				for n := side; n < len(items); n += sides {
					check(i.with(t), items[n])
				}
			})
		}
	})
}

// accountsFor reads the whole history of people: every step led to exactly the
// grants and revocations that the matrix implies for them, each was ordered,
// read back and confirmed once, and every cause can be read again. Then it asks
// why for every right that they ever had.
func (i *installation) accountsFor(s story, people []string) {
	packs := i.packHistory(s)
	rights := s.last().rights()
	i.aside("history", people, func(i *installation, person string) {
		r := i.recordOf(person, packs)
		found := r.accounted(i.t, s)
		if want := s.implied(person); found.String() != want.String() {
			i.t.Errorf("%s:\nthe matrix implies %s\nhistory has %s", person, want, found)
		}
		for _, role := range s.ever(person) {
			i.explainsRole(r, person, role, slices.Contains(rights[person], role))
		}
	})
}

// explainsRole expects that the answer for one role goes from the read-back to
// HR or to the pack.
func (i *installation) explainsRole(r record, person, role string, held bool) {
	i.t.Helper()
	why := i.object("access", "why", "--person", person, "--role", role)
	var links []string
	for _, l := range why["links"].([]any) {
		link := l.(map[string]any)
		e, ok := r.byPlace[place(link)]
		if !ok {
			e, ok = r.elsewhere[place(link)]
		}
		if !ok || e.kind != link["type"] {
			i.t.Errorf("%s of %s: the link %v is not in history", role, person, link)
		}
		links = append(links, e.kind)
	}
	want := [][]string{{"GrantActivated"}, {"ProvisioningCompleted"}, {"ProvisioningOrdered"}, {"GrantIssued"}, {"HrChangeTaken", "PackActivated"}}
	if !held {
		want = [][]string{
			{"GrantRemovalConfirmed"}, {"ProvisioningCompleted"}, {"ProvisioningOrdered"}, {"GrantRevoked"}, {"HrChangeTaken", "PackActivated"},
			{"GrantIssued"},
		}
	}
	next := 0
	for _, l := range links {
		if next < len(want) && slices.Contains(want[next], l) {
			next++
		}
	}
	if next < len(want) || links[0] != want[0][0] {
		i.t.Errorf("%s of %s (held: %v) is explained by %v only", role, person, held, links)
	}
}

// ever are the rights that a person has at the end of some step.
func (s story) ever(person string) (roles []string) {
	for _, st := range s.steps {
		if p, here := st.people[person]; here {
			for _, role := range due(st.matrix, p) {
				if !slices.Contains(roles, role) {
					roles = append(roles, role)
				}
			}
		}
	}
	slices.Sort(roles)
	return roles
}

// lists compares the grants that are listed, now or at an earlier day, with
// those after a step.
func (i *installation) lists(roles []string, st step, at string) {
	holders := map[string][]string{}
	for number, held := range st.rights() {
		for _, role := range held {
			holders[role] = append(holders[role], number)
		}
	}
	i.aside("list "+st.name, roles, func(i *installation, role string) {
		args := []string{"access", "list", "--role", role}
		if at != "" {
			args = append(args, "--at", at)
		}
		got := []string{}
		for _, g := range i.lines(args...) {
			got = append(got, g["employee_number"].(string))
			if g["state"] != "active" {
				i.t.Errorf("%s of %v is %v after %s", role, g["employee_number"], g["state"], st.name)
			}
		}
		slices.Sort(got)
		want := slices.Clone(holders[role])
		slices.Sort(want)
		if !slices.Equal(got, want) {
			i.t.Errorf("after %s %s is listed for %v, want %v", st.name, role, got, want)
		}
	})
}

// leftEmptyHanded expects that whoever is gone holds nothing, and that the gate
// is open because every removal was confirmed.
func (i *installation) leftEmptyHanded(people []string) {
	i.aside("leavers", people, func(i *installation, person string) {
		if got := i.lines("access", "list", "--person", person); len(got) > 0 {
			i.t.Errorf("%s has left and holds %v", person, got)
		}
		if c := i.object("clearance", "show", person); c["state"] != "closed" || c["gate"] != "opened" {
			i.t.Errorf("%s has left, and the clearance is %v", person, c)
		}
		if p := i.object("person", "show", person); p["state"] != "left" {
			i.t.Errorf("%s has left and is %v", person, p["state"])
		}
	})
}

// leavers are the people who are not there any more at the end.
func (s story) leavers() []string {
	return slices.DeleteFunc(s.everybody(), func(number string) bool { _, here := s.last().people[number]; return here })
}

// whole tells whether the full counts are proven.
var whole = testkit.Count(20) == 20

// some is every nth of them in the everyday run, and all when proving.
func some[E any](all []E, nth int) []E {
	if whole {
		return all
	}
	return every(nth, all)
}

// every is every nth of them.
func every[E any](nth int, all []E) (chosen []E) {
	for n := 0; n < len(all); n += nth {
		chosen = append(chosen, all[n])
	}
	return chosen
}
