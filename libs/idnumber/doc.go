// Package idnumber reads the identity numbers of people in China: the citizen
// identity number of GB 11643 with eighteen characters, its predecessor with
// fifteen digits, and the numbers in the same form on residence permits for
// people from Hong Kong, Macao and Taiwan.
//
//	110105 19491231 002 X
//	│      │        │   └ check character, ISO 7064 MOD 11-2
//	│      │        └──── order among those born there that day; odd is male
//	│      └───────────── day of birth
//	└──────────────────── where it was first given, GB/T 2260
//
// A number names a person for life and is personal data. A Number prints as its
// mask, so that it cannot get into a log by accident; whoever needs all of it
// says so with Canonical.
//
// Districts are founded and merged every year. The list of regions names those
// it knows; a district that it does not know is no error, a province that does
// not exist is.
package idnumber
