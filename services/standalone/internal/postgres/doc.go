// Package postgres runs a PostgreSQL server from the machine's own binaries,
// so that `make up` needs no database that somebody prepared.
//
//	<Dir>/data      the cluster, made by initdb and moved into place when whole
//	<Dir>/password  the superuser's password, generated once, mode 0600
//	<Dir>/port      the port of the last start, taken again when it is free
//	<Dir>/log       what the server wrote
//
// The server is a child in a session of its own: Ctrl-C in the terminal reaches
// the owner first, which stops the server when everybody has left. It outlives
// an owner that was killed; the next Start adopts it.
//
// PostgreSQL refuses to run as root. As root the server runs as the owner of
// an existing cluster, else as "postgres", else as "nobody".
package postgres
