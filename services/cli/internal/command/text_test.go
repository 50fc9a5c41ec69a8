package command

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// A table says the installation's zone once, wherever the reader sits; a time
// under another offset says its own.
func TestTimesAreThoseOfTheInstallation(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	winter := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	for at, want := range map[time.Time]string{
		time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC): "2026-11-25 00:30:00",
		time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC):    "2026-07-01 12:00:00 +02:00",
	} {
		if got := wallClock(timestamppb.New(at), berlin, winter); got != want {
			t.Errorf("%v is shown as %q, want %q", at, got, want)
		}
	}
	if got := wallClock(nil, berlin, winter); got != "" {
		t.Errorf("no time is shown as %q", got)
	}

	s := start(t)
	s.roles = []string{"operator"}
	s.orders = []*provisioningv1.Order{{Target: "crm-db", OrderedAt: timestamppb.New(time.Date(2026, 11, 24, 18, 30, 0, 0, time.UTC))}}
	var out bytes.Buffer
	code := Run(t.Context(), []string{"order", "list", "--limit", "5"}, IO{
		In: strings.NewReader(""), Out: &out, Err: &out, Env: s.environment("en"), Zone: time.FixedZone("", -5*3600),
	})
	if code != output.Done || !strings.Contains(out.String(), "ORDERED (+08:00)") || !strings.Contains(out.String(), "2026-11-25 02:30:00  crm-db") {
		t.Errorf("exit %d\n%s", code, out.String())
	}
}
