package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// secrets asks for one secret after another: the lines of standard input, or
// the keyboard without echo.
type secrets struct {
	app   *app
	lines *bufio.Reader
	// keyboard is nil where lines are read.
	keyboard *os.File
	screen   *term.Terminal
}

func (a *app) secrets(stdin bool) *secrets {
	s := &secrets{app: a, lines: bufio.NewReader(a.io.In)}
	if f, ok := a.io.In.(*os.File); ok && !stdin && term.IsTerminal(int(f.Fd())) {
		s.keyboard = f
		s.screen = term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{f, a.io.Err}, "")
	}
	return s
}

// next asks once.
func (s *secrets) next(ctx context.Context, prompt string) (string, error) {
	if s.keyboard != nil {
		return s.typed(ctx, prompt)
	}
	line, err := unlessCancelled(ctx, func() (string, error) { return s.lines.ReadString('\n') })
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", s.app.misused("标准输入中缺少："+prompt, "missing on standard input: "+prompt)
	}
	return line, nil
}

// chosen asks for a new secret: at the keyboard, where nobody sees it, until it
// has been typed twice alike.
func (s *secrets) chosen(ctx context.Context) (string, error) {
	say := s.app.printer.Say
	for {
		first, err := s.next(ctx, say("新口令", "New password"))
		if err != nil || s.keyboard == nil {
			return first, err
		}
		second, err := s.next(ctx, say("再次输入新口令", "New password again"))
		if err != nil || first == second {
			return first, err
		}
		fmt.Fprintln(s.app.io.Err, say("两次输入不一致，请重新输入。", "The two differ; type them again."))
	}
}

// typed reads the keyboard. The terminal is made silent before anybody waits,
// so that however the wait ends it is left as it was found. A silent terminal
// sends no signal for Ctrl-C: the key itself arrives.
func (s *secrets) typed(ctx context.Context, prompt string) (secret string, err error) {
	before, err := term.MakeRaw(int(s.keyboard.Fd()))
	if err != nil {
		return "", fmt.Errorf("ask at the terminal: %w", err)
	}
	secret, err = unlessCancelled(ctx, func() (string, error) { return s.screen.ReadPassword(prompt + ": ") })
	if restoreErr := term.Restore(int(s.keyboard.Fd()), before); restoreErr != nil {
		return "", fmt.Errorf("restore the terminal: %w", restoreErr)
	}
	if err != nil {
		fmt.Fprintln(s.app.io.Err) // the prompt stands without an answer
	}
	if errors.Is(err, io.EOF) { // Ctrl-C or Ctrl-D
		return "", output.ErrInterrupted
	}
	return secret, err
}

// unlessCancelled waits for a read, which knows no context, until the context
// ends. The read is then left behind: the process is about to end.
func unlessCancelled(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := read()
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
