// Package messaging carries events between services.
//
// A service's events are written to PostgreSQL, which is the truth. Its Relay
// copies them to its JetStream stream under stream sequence = position. An Inbox
// per (service, source) takes them in, exactly once in effect, and runs the
// policies. JetStream may be lost or down: the relay refills it, and the inbox
// asks the source's Feed for what it has not received.
//
//	store ──Push──► Relay ──► EV_<SERVICE> ──► Subscriber ──► router ──► Inbox ──► Policy.Do
//	      ◄─ReadAll─┘                                     Feed ────────────┘
//
// Each user of the bus has a NATS account of its own; see Exports.
//
// # What an inbox promises
//
//   - Every event of the source is taken in, in the order of positions; the
//     position advances after all policies have succeeded, over events that
//     nobody wants too.
//   - A policy sees the events of one stream in order, and different streams
//     concurrently. It may see an event again; the ids of its commands make a
//     repetition harmless.
//   - An event that cannot be processed is parked in the transaction that
//     advances the position. Later events of the same stream park behind it,
//     all others flow.
//   - Of several processes that run the same inbox one is active: it holds an
//     advisory lock on the very connection on which it advances the position,
//     so a process that lost the lock cannot advance. The update is fenced by
//     the old position as well.
//
// # Types that this binary does not know
//
// Policies name generated messages, so a wanted type is always known. An
// unknown type of a protobuf package from which a policy wants something comes
// from a newer version of the source; whether a newer consumer would react
// cannot be told, so it is parked: upgrade, then retry. An unknown type of any
// other package is passed over, as a known type that no policy names.
//
// Watermill (router, middleware) is an affair of this package; nothing else
// imports it.
package messaging
