package authority

import "time"

// depth is how many links a chain of deputies may have.
const depth = 5

// ActsFor are the people for whom a signer may sign at an instant, directly or
// through other deputies, the nearest first.
func ActsFor(signer string, at time.Time, all []Delegation) []string {
	seen := map[string]bool{signer: true}
	var people []string
	reached := []string{signer}
	for range depth {
		var next []string
		for _, deputy := range reached {
			for _, d := range all {
				if d.To != deputy || seen[d.Of] || at.Before(d.From) || !at.Before(d.Until) {
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
