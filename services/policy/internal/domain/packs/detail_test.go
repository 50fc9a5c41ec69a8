package packs_test

import "github.com/ostiary/ostiary/libs/fault"

// detail returns a detail of a refusal.
func detail(err error, key string) string {
	f, ok := fault.Of(err)
	if !ok {
		return ""
	}
	return f.Details[key]
}
