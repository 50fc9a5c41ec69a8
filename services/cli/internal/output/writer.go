package output

import (
	"errors"
	"io"
	"syscall"

	"github.com/ostiary/ostiary/libs/fault"
)

// ErrNotWritten says that the answer did not reach its reader. It is no refusal
// of what was asked: the exit code is that of an internal error.
var ErrNotWritten = fault.New(fault.Refused, "OUTPUT_FAILED",
	"The answer could not be written completely; what was changed stays changed. Make room or write elsewhere, then look again.",
	"结果未能完整写出；已作的变更仍然有效。请腾出空间或改写到别处，然后重新查看。")

// Writer remembers the first failure, so that no caller needs to look after
// each line, and writes nothing more after it.
type Writer struct {
	to      io.Writer
	failure error
}

// NewWriter returns a writer to another.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Write writes, unless a write has failed before.
func (w *Writer) Write(b []byte) (int, error) {
	if w.failure != nil {
		return 0, w.failure
	}
	n, err := w.to.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	w.failure = err
	return n, err
}

// Failure is why the answer is incomplete; nil if it is not.
func (w *Writer) Failure() error {
	if w.failure == nil {
		return nil
	}
	return ErrNotWritten.With("cause", w.failure.Error())
}

// Left tells whether the reader has gone, as head does when it has seen enough.
func (w *Writer) Left() bool { return errors.Is(w.failure, syscall.EPIPE) }
