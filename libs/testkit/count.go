package testkit

import "os"

// Count is how often a repeated check runs: n when PROVE=1 is set, else a
// twentieth, at least once. So the everyday run is quick and the full number
// remains one variable away.
func Count(n int) int {
	if os.Getenv("PROVE") == "1" {
		return n
	}
	return max(1, n/20)
}
