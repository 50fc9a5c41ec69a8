// Package servicekit turns a service definition into a running service: its
// database, event store, read models, inboxes, relay and gRPC server. The same
// Host runs one service in a process of its own or all of them in one
// (services/standalone); the services cannot tell the difference.
package servicekit
