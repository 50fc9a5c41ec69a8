// Package postgres makes accounts and rights real on a PostgreSQL server.
//
// An account is a role that may sign in, named prefix + employee number. A
// right is membership in a role that may not, named prefix + application + "_" +
// role, which is made when it is missing. Names keep their case and are always
// quoted.
//
// A batch costs few round trips, however many accounts it is about:
//
//  1. one query looks at the roles and memberships concerned,
//  2. one pipeline changes them, a transaction each, so that one that is refused
//     leaves its neighbours alone; commits are flushed together by the last one,
//  3. one query ends the connections of accounts that lost something,
//  4. one query on a fresh connection reads back.
//
// The session holds an advisory lock of the target for as long as its connection
// lives. Whatever it had begun on the server ends before the lock is free, so
// a lost replica cannot change anything after its successor has begun.
//
// A target in the cluster that holds the event stores is refused: a role that
// may create roles there could make itself anything. Roles are never dropped; one
// that owns objects shows that in the read-back.
package postgres
