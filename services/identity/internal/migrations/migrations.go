// Package migrations holds the tables of identity beside events and read
// models: what may never be in an event, and the packs that were taken in.
package migrations

import "embed"

// Files are the migrations.
//
//go:embed *.sql
var Files embed.FS
