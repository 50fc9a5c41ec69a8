// Package hrfile reads a snapshot of HR: a CSV file and a map that says which
// column means what. It is pure: bytes in, rows and complaints out.
//
// What concerns the whole file is refused (ErrMap…, ErrFile…). What concerns one
// row quarantines the row: it is left out, its person counts as present, and
// the reason says what to do. What is doubtful but harmless is a warning.
package hrfile
