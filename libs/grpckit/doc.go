// Package grpckit is gRPC as every service speaks it: one chain of
// interceptors on the server, its counterpart on the client, an in-memory
// connection with the same chain, and the router that serves all services at
// one address.
//
// A call passes, from outside in: the request log and the recovery of panics ·
// the deadline · the credential and the admission of the method · the command
// id · the wait for what the caller has already seen · the handler. On the way
// out an error becomes a status, and on the client a fault again.
package grpckit

import "time"

const (
	// MaxMessageBytes is the largest message, in both directions.
	MaxMessageBytes = 16 << 20
	// maxHeaderBytes bounds the metadata of a call.
	maxHeaderBytes = 64 << 10
	// defaultDeadline ends a unary call whose caller set no deadline.
	defaultDeadline = 30 * time.Second
	// notBeforeWait is how long a call waits for the positions that its caller
	// has seen.
	notBeforeWait = 5 * time.Second
)

// Names of metadata.
const (
	// headerAuthorization carries "Bearer <token>".
	headerAuthorization = "authorization"
	// HeaderCommandID carries the UUID that makes a command repeatable.
	HeaderCommandID = "command-id"
	// HeaderNotBefore carries "<service>=<position>", several allowed.
	HeaderNotBefore = "ostiary-not-before"
	// TrailerPosition carries "<service>=<position>" of what a command wrote.
	TrailerPosition = "ostiary-position"
)
