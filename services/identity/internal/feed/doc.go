// Package feed takes in what HR systems send over the bus.
//
// A message is read, written as an event if it is its turn, put aside sealed if
// it came too early, and only then deleted from the bus. So the bus may lose
// everything at any moment: what was acknowledged here is in the store, and the
// source sends the rest again from the number that hr status tells.
package feed
