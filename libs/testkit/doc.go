// Package testkit is what tests of every module share: a real PostgreSQL and
// the number of repetitions.
package testkit
