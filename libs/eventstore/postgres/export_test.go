package postgres

// MigrateWithRanges is Migrate with small ranges.
var MigrateWithRanges = migrate
