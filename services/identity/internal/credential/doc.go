// Package credential keeps what proves who somebody is: hashes of passwords
// and secrets, in tables of their own and never in an event. A hash is written
// before the event that names it; one that no event names proves nothing.
package credential
