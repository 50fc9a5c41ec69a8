// Package readmodel holds what people ask identity: rows derived from its
// events, which may be dropped and built anew. A model folds events by the
// Evolve of its aggregate, so that a row and a rule never disagree about what
// happened. Personal fields stay sealed in the rows; queries open them.
package readmodel
