// Package migrations holds the tables of the ledger. They are owned by the
// owner role; the service may add and read, nothing else.
package migrations

import "embed"

// Files are the migrations.
//
//go:embed *.sql
var Files embed.FS
