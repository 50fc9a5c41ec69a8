package e2e

import (
	"testing"

	"github.com/ostiary/ostiary/libs/testkit"
)

// seed makes the synthetic company; the same seed tells the same story.
const seed = 20261125

// A company of two hundred people with joiners, movers, leavers, people who
// come back, units that are renamed, moved and merged, heads that change, and a
// second pack in the middle: after every step the target shows exactly what
// the matrix in force gives to those who are there.
//
// Covers: IDN-023, IDN-025, IDN-027, IDN-030, ACR-008, AUD-003
func TestACompanyThatReorganises(t *testing.T) {
	t.Parallel()
	s := twinStory(seed, 200, max(4, testkit.Count(18)))
	i := install(t)
	target := i.target()
	for n, st := range s.steps {
		i.play(s, st)
		shows(t, target, st.name, st.memberships())
		if st.pack == "" && (whole || n == len(s.steps)-1) {
			i.changesNothing(s, st)
		}
	}
	i.leftEmptyHanded(some(s.leavers(), 4))
	i.lists(catalogue(s.last().matrix), s.last(), "")
	past := s.steps[2]
	i.lists(catalogue(past.matrix), past, past.date)
	i.accountsFor(s, some(s.everybody(), 20))
	i.do("audit", "verify")
}
