package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// terminalPair opens a terminal: what is written to one end shows at the other.
func terminalPair(t *testing.T) (master, tty *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, tty
}

// terminal returns a terminal and what shows on its screen until it is closed.
func terminal(t *testing.T) (tty *os.File, screen func() string) {
	t.Helper()
	master, tty := terminalPair(t)
	shown := make(chan string)
	go func() {
		var b bytes.Buffer
		_, _ = io.Copy(&b, master) // ends when the terminal is closed
		shown <- b.String()
	}()
	return tty, func() string {
		_ = tty.Close()
		defer func() { _ = master.Close() }()
		return <-shown
	}
}

// A bar shows how far a long import is, on a terminal only: what another program
// reads holds nothing but the answer.
func TestProgressIsForTerminals(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.result = imported()
	s.progress = [][2]int32{{1, 4}, {3, 4}, {4, 4}}
	call := func(errs io.Writer, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if code := Run(t.Context(), args, IO{In: strings.NewReader(""), Out: &out, Err: errs, Env: s.environment("en")}); code != output.Done {
			t.Fatalf("exit %d", code)
		}
		return out.String()
	}

	tty, screen := terminal(t)
	answer := call(tty, importing(t)...)
	if shown := screen(); !strings.Contains(shown, "Carrying out") || !strings.Contains(shown, "1/4") {
		t.Errorf("the terminal shows no progress: %q", shown)
	}
	if strings.Contains(answer, "Carrying out") {
		t.Errorf("progress is in the answer: %q", answer)
	}

	tty, screen = terminal(t)
	call(tty, importing(t, "--json")...)
	if shown := screen(); shown != "" {
		t.Errorf("with --json the terminal shows %q", shown)
	}

	var file bytes.Buffer
	call(&file, importing(t)...)
	if file.Len() > 0 {
		t.Errorf("a file receives %q", file.String())
	}
}
