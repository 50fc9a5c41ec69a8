package command

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// full takes so many bytes and no more, as a disk does.
type full struct{ room int }

var errFull = errors.New("no space left on device")

func (f *full) Write(b []byte) (int, error) {
	n := min(f.room, len(b))
	f.room -= n
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

// An answer that did not reach its reader is no success, whichever form it has
// and wherever it broke off.
func TestAnAnswerThatCannotBeWrittenIsNoSuccess(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.roles = []string{"operator"}
	s.orders = []*provisioningv1.Order{{Target: "crm-db", Account: "E1"}, {Target: "crm-db", Account: "E2"}}
	for _, args := range [][]string{
		{"status"}, {"status", "--json"}, {"order", "list", "--limit", "5"}, {"order", "list", "--limit", "5", "--json"}, {"--help"}, {"version"},
	} {
		for _, room := range []int{0, 10} {
			var errs bytes.Buffer
			code := Run(t.Context(), args, IO{In: strings.NewReader(""), Out: &full{room}, Err: &errs, Env: s.environment("en")})
			if code != output.Internal || !strings.Contains(errs.String(), "OUTPUT_FAILED") || !strings.Contains(errs.String(), "no space left") {
				t.Errorf("%v with room for %d: exit %d\n%s", args, room, code, errs.String())
			}
		}
	}
}

// A reader who has seen enough, as head, is told nothing more.
func TestAReaderWhoLeavesIsNotCalledAfter(t *testing.T) {
	t.Parallel()
	s := start(t)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writer.Close() }()
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	code := Run(t.Context(), []string{"status", "--json"}, IO{In: strings.NewReader(""), Out: writer, Err: &errs, Env: s.environment("en")})
	if code != output.Internal || errs.Len() > 0 {
		t.Errorf("exit %d: %s", code, errs.String())
	}
}
