// Package hrevent reads the CloudEvents of HR systems: subject
// hr.<source>.employee.<verb> or hr.<source>.unit.changed.
//
// What has an id and a number is an event that uses up its number, even if
// nothing can be done with it; anything else is unreadable.
package hrevent
