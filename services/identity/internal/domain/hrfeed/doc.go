// Package hrfeed is what one HR system sends by itself, stream
// hrfeed-<source>, in the order of its own numbers.
//
//	its turn   ─► taken ─► applied
//	                 ▲  └► quarantined ──┐
//	                 └───── retried ─────┘
//	too early  ─► gap found, once; it waits outside the stream
//	again      ─► repeated, nothing happens
//	number of another event, or unreadable ─► quarantined
//
// Numbers are dense from 1. A quarantined event has used up its number; one that
// could not be read has none.
package hrfeed
