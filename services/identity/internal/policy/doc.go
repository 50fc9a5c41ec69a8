// Package policy is what identity does when something has happened: each file
// is one sentence. Effects take their command id from the event, so a
// repetition after a crash does nothing twice.
package policy
