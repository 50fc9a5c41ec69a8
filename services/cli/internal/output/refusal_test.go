package output

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ostiary/ostiary/libs/fault"
)

// Scripts rely on the exit codes.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	of := func(k fault.Kind) error { return fmt.Errorf("call: %w", fault.New(k, "SOME_REASON", "en", "zh")) }
	for name, c := range map[string]struct {
		err  error
		code int
	}{
		"invalid":           {of(fault.Invalid), Usage},
		"not found":         {of(fault.NotFound), NotFound},
		"forbidden":         {of(fault.Forbidden), Refused},
		"conflict":          {of(fault.Conflict), Refused},
		"refused":           {of(fault.Refused), Refused},
		"unauthenticated":   {of(fault.Unauthenticated), NotSignedIn},
		"unavailable":       {of(fault.Unavailable), Unavailable},
		"held":              {ErrHeld, Refused},
		"parked":            {ErrParked, Refused},
		"timed out":         {ErrTimedOut.With("target a", "1"), TimedOut},
		"deadline":          {context.DeadlineExceeded, TimedOut},
		"deadline, remote":  {status.Error(codes.DeadlineExceeded, "over"), TimedOut},
		"not written":       {ErrNotWritten, Internal},
		"nobody there":      {status.Error(codes.Unavailable, "connection refused"), Unavailable},
		"internal, remote":  {status.Error(codes.Internal, "internal error 17"), Internal},
		"anything else":     {fmt.Errorf("disk full"), Internal},
		"usage with detail": {ErrUsage.With("problem", "x"), Usage},
	} {
		p := &Printer{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}
		if got := p.Refuse(c.err); got != c.code {
			t.Errorf("%s: exit %d, want %d", name, got, c.code)
		}
	}
}

func TestRefusalSpeaksTheLanguageOfItsReader(t *testing.T) {
	t.Parallel()
	refusal := fault.New(fault.Refused, "NO_SIGNER", "Nobody can sign.", "无人可签。").With("unit", "研发部").With("role", "orders/reader")
	for chinese, want := range map[bool]string{
		false: "Nobody can sign.  [NO_SIGNER]\n  role: orders/reader\n  unit: 研发部\n",
		true:  "无人可签。  [NO_SIGNER]\n  角色：orders/reader\n  部门：研发部\n",
	} {
		var errs bytes.Buffer
		(&Printer{Out: &bytes.Buffer{}, Err: &errs, Chinese: chinese}).Refuse(refusal)
		if errs.String() != want {
			t.Errorf("chinese %v: %q, want %q", chinese, errs.String(), want)
		}
	}
	for _, err := range []error{status.Error(codes.Unavailable, ""), status.Error(codes.DeadlineExceeded, "")} {
		_, en, _ := describe(err, false)
		_, zh, _ := describe(err, true)
		if en == zh || en == "" || zh == "" {
			t.Errorf("%v: %q and %q", err, en, zh)
		}
	}
}

func TestRefusalAsJSON(t *testing.T) {
	t.Parallel()
	for reason, err := range map[string]error{
		"NO_SIGNER": fault.New(fault.Refused, "NO_SIGNER", "Nobody <can> sign.", "无人可签。").With("unit", "a&b"),
		"INTERNAL":  status.Error(codes.Internal, "internal error 17"),
		"USAGE":     ErrUsage,
	} {
		var out, errs bytes.Buffer
		(&Printer{Out: &out, Err: &errs, JSON: true}).Refuse(err)
		var got map[string]map[string]any
		if e := json.Unmarshal(errs.Bytes(), &got); e != nil || out.Len() > 0 {
			t.Fatalf("%v\n%s%s", e, errs.String(), out.String())
		}
		details, ok := got["error"]["details"].(map[string]any)
		if got["error"]["reason"] != reason || got["error"]["message"] == "" || !ok {
			t.Errorf("%s: %v", reason, got)
		}
		if reason == "NO_SIGNER" && (details["unit"] != "a&b" || !strings.Contains(errs.String(), "<can>")) {
			t.Errorf("the text is changed: %s", errs.String())
		}
	}
	var errs bytes.Buffer
	if (&Printer{Err: &errs, JSON: true}).Refuse(ErrHeld); errs.Len() > 0 {
		t.Errorf("what is held has been answered already, and yet: %s", errs.String())
	}
}

// Stored text must not move the cursor or reverse what follows.
func TestStoredTextCannotPlayWithTheTerminal(t *testing.T) {
	t.Parallel()
	const evil = "a\x1b[2Jb\u202ec\u009bd\re"
	var out, errs bytes.Buffer
	p := &Printer{Out: &out, Err: &errs}
	p.Table([]string{"H"}, [][]string{{evil}})
	p.Refuse(fault.New(fault.Refused, "R", evil, evil).With("k", evil))
	for _, text := range []string{out.String(), errs.String()} {
		if strings.ContainsAny(text, "\x1b\u202e\u009b\r") || !strings.Contains(text, "b") {
			t.Errorf("%q", text)
		}
	}
}
