// Package readmodel is what people and policies ask about: which cases wait for
// whom, and who represents whom.
package readmodel
