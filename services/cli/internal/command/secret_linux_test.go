package command

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// dialogue is a call of the command line at a terminal.
type dialogue struct {
	t       *testing.T
	tty     *os.File
	master  *os.File
	shown   chan []byte
	unread  string
	stop    context.CancelFunc
	ended   chan int
	out     bytes.Buffer
	found   unix.Termios
	session string
}

func (s *server) dialogue(t *testing.T, args ...string) *dialogue {
	t.Helper()
	master, tty := terminalPair(t)
	d := &dialogue{t: t, tty: tty, master: master, shown: make(chan []byte), ended: make(chan int, 1)}
	d.found = *d.settings()
	go func() {
		defer close(d.shown)
		for {
			b := make([]byte, 1024)
			n, err := master.Read(b)
			if err != nil {
				return // the terminal has been closed
			}
			d.shown <- b[:n]
		}
	}()
	folder := t.TempDir()
	d.session = filepath.Join(folder, "ostiary", "session.json")
	env := func(name string) string {
		return map[string]string{"OSTIARY_ADDR": s.address, "OSTIARY_LANG": "en", "OSTIARY_TOKEN": s.token, "XDG_CONFIG_HOME": folder}[name]
	}
	var ctx context.Context
	ctx, d.stop = context.WithCancel(t.Context())
	go func() { d.ended <- Run(ctx, args, IO{In: tty, Out: &d.out, Err: tty, Env: env}) }()
	t.Cleanup(func() {
		d.stop()
		_, _ = master.WriteString("\r") // ends a read that was left behind
		_ = tty.Close()
		for range d.shown {
			continue // so that the reader may end
		}
		_ = master.Close()
	})
	return d
}

func (d *dialogue) settings() *unix.Termios {
	d.t.Helper()
	s, err := unix.IoctlGetTermios(int(d.tty.Fd()), unix.TCGETS)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

// answer waits for the prompt and types.
func (d *dialogue) answer(prompt, keys string) {
	d.t.Helper()
	d.await(prompt)
	if _, err := d.master.WriteString(keys); err != nil {
		d.t.Fatal(err)
	}
}

// await waits until a text is shown that has not been waited for.
func (d *dialogue) await(text string) {
	d.t.Helper()
	for !strings.Contains(d.unread, text) {
		select {
		case b, open := <-d.shown:
			if !open {
				d.t.Fatalf("%q never came, only %q", text, d.unread)
			}
			d.unread += string(b)
		case <-time.After(20 * time.Second):
			d.t.Fatalf("%q does not come, only %q", text, d.unread)
		}
	}
	if strings.Contains(d.unread, "secret") {
		d.t.Fatalf("a password is shown: %q", d.unread)
	}
	_, d.unread, _ = strings.Cut(d.unread, text)
}

// end waits for the end of the call; the terminal is as it was.
func (d *dialogue) end(code int) {
	d.t.Helper()
	select {
	case got := <-d.ended:
		if got != code {
			d.t.Errorf("exit %d, want %d: %q %s", got, code, d.unread, d.out.String())
		}
	case <-time.After(20 * time.Second):
		d.t.Fatalf("the call does not end: %q", d.unread)
	}
	if *d.settings() != d.found {
		d.t.Errorf("the terminal is left changed")
	}
}

// Whoever gives up at the password leaves a terminal that shows again what is
// typed, whether by the key or by a signal from elsewhere.
func TestInterruptAtThePassword(t *testing.T) {
	t.Parallel()
	for name, interrupt := range map[string]func(d *dialogue){
		"Ctrl-C":      func(d *dialogue) { d.answer("Password: ", "sec\x03") },
		"signal":      func(d *dialogue) { d.await("Password: "); d.stop() },
		"end of file": func(d *dialogue) { d.answer("Password: ", "\x04") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			d := s.dialogue(t, "login", "--user", "admin")
			interrupt(d)
			d.await("[INTERRUPTED]")
			d.end(output.Interrupted)
		})
	}
}

// A new password is typed unseen: twice alike, and again if it is too weak.
func TestNewPasswordIsTypedTwice(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.initial, s.password = "initial-secret", "new-secret"
	d := s.dialogue(t, "login", "--user", "admin")
	d.answer("Password: ", "initial-secret\r")
	d.await("must be changed")
	d.answer("New password: ", "new-secret\r")
	d.answer("New password again: ", "mew-secret\r")
	d.await("differ")
	d.answer("New password: ", "weak-secret\r")
	d.answer("New password again: ", "weak-secret\r")
	d.await("[PASSWORD_TOO_WEAK]")
	d.answer("New password: ", "new-secret\r")
	d.answer("New password again: ", "new-secret\r")
	d.end(output.Done)
	if _, err := os.Stat(d.session); err != nil {
		t.Error(err)
	}
}
