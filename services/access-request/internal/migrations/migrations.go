// Package migrations holds the tables of access-request beside events and read
// models.
package migrations

import "embed"

// Files are the migrations.
//
//go:embed *.sql
var Files embed.FS
