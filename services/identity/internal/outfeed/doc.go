// Package outfeed tells outside systems what happened: the lifecycle of accounts
// and grants, and the answers to HR systems.
//
// An entry is written once, under the next number of its feed, by the policy
// that reacts to an event; a publisher brings the entries to the bus in their
// order, where the number of the message is the number of the entry. So a bus
// that was lost is filled again under the same numbers, and a reader that keeps
// its number misses nothing and sees nothing twice.
package outfeed
