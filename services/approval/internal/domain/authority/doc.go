// Package authority says who signs for a person who cannot: the stream
// authority-<person id>.
//
// A delegation holds from an instant until another, at most a year. A person may
// have several deputies at once: whoever of them comes first signs. Deputies of
// deputies sign too, at most five links away. Naming a deputy never closes a
// circle; should one exist all the same, it is harmless: the search visits
// everybody once.
package authority
