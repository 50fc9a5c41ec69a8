// Package privacy keeps personal data readable only as long as the person's
// key exists.
//
//	KEK (a file outside the database) ─wraps─► key of a person (a row) ─seals─► fields
//
// A message says which of its fields are personal and which names the person
// (options of ostiary.envelope.v1). Keyring.Seal replaces each by
// "sealed:1:…", bound to person, message and field, so that a value moved
// elsewhere does not open. Erasing a person is deleting one wrapped key; events
// and their hashes stay as they are, and the fields read as "" from then on.
//
// # What erasure does not reach
//
// A backup of the key table still holds the wrapped key, and the KEK opens it.
// Keep backups of the schema privacy for no longer than an erasure may take,
// repeat erasures after a restore, and never store the KEK with them. Clear
// text does not belong in read models: they keep SealString's result. A blind
// index is no ciphertext: its row has to be blanked on erasure.
package privacy
