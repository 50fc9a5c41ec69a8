package authority

import "time"

// depth is how many links a chain of deputies may have.
const depth = 5

// ActsFor are the people for whom a signer may sign at an instant, directly or
// through other deputies, the nearest first. No chain leads to or through
// somebody who is barred: whose own matter it is must not choose who decides
// it, not even for others (APR-011).
func ActsFor(signer string, at time.Time, all []Delegation, barred func(person string) bool) []string {
	seen := map[string]bool{signer: true}
	var people []string
	reached := []string{signer}
	for range depth {
		var next []string
		for _, deputy := range reached {
			for _, d := range all {
				if d.To != deputy || seen[d.Of] || barred(d.Of) || !d.holds(at) {
					continue
				}
				seen[d.Of] = true
				next = append(next, d.Of)
			}
		}
		people = append(people, next...)
		reached = next
	}
	return people
}
