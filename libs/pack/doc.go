// Package pack reads the policy pack: the YAML document in which an
// organisation writes down its applications, who gets which right by position,
// which rights exclude each other, who signs, and how people leave.
//
// Parse is strict. Whatever it does not know or cannot resolve is refused with
// line and column, and everything wrong is reported at once. A pack that was
// parsed never changes and is safe for concurrent use.
package pack
