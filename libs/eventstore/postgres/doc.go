// Package postgres is the event store on PostgreSQL.
//
//	Append ──► queue ──► appender ──one call──► es.append ──► es.event
//	                        │                                    ▲
//	                        └─► Subscribe, Wait                   └── ReadStream, ReadAll, Head
//
// All appends that wait in a process go to the database together: one function
// call, one round trip, one transaction. The function takes the store's
// advisory lock, so appends of several processes follow one another, and gives
// out positions without holes. See migrations/0003_append.sql.
//
// A lost connection leaves open whether the last batch was written. The
// appender does not guess: it sends the batch again, and the command ids, read
// under the lock, tell what was.
package postgres
