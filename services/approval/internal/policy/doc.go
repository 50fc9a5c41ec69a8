// Package policy is what follows from events of other services, of this one,
// and of time: each file is a sentence "when x then y".
//
// # No case waits for somebody who has left
//
// A step is assigned to whoever identity names at that moment, and somebody may
// leave between the question and the writing of the answer. All events of this
// service have one dense order, and the inbox handles a departure only once
// identity's read models show it. Let a be the position at which a step was
// assigned and l the moment at which the departure is handled.
//
//   - a before l: the handler waits until the read model of cases shows
//     everything written, finds the case by the seat, and reassigns it.
//   - l before a: after every write that assigns a step, Cases.Follow asks again
//     who may sign, with an answer in which the departure is, and reassigns.
//
// And at every decision the signers are found once more and come with the
// command, so nobody ever signs by an authority that is lost.
package policy
