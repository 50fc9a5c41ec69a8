package pack_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/libs/pack"
)

func TestDiffNamesWhatChanges(t *testing.T) {
	t.Parallel()
	body := string(example(t))
	from := parse(t, body)
	to := parse(t, strings.NewReplacer(
		"version: 3", "version: 4",
		"silence: 24h", "silence: 12h",
		"max: 365d", "max: 180d",
		`"P2"`, `"P3"`,
		"{by: supervisor, due: 2wd}", "{by: supervisor, due: 1wd}",
		"[E0102, E0103]", "[E0102]",
		"departure: [default, admin_confirmation]", "departure: [default]",
		"cn-classic", "mlps-3",
		"escalation: {remind: 1wd, to: unit_head}\n", "",
	).Replace(body))
	want := []string{
		"- source peoplesoft: silence 24h",
		"+ source peoplesoft: silence 12h",
		"- role orders/reader: level B, max 365d",
		"+ role orders/reader: level B, max 180d",
		`- matrix: position backend-engineer, where attributes.project == "P2", grants orders/reader`,
		`+ matrix: position backend-engineer, where attributes.project == "P3", grants orders/reader`,
		`- route 1 reference: when role.level == "B", steps 1 of supervisor: due 2wd; 1 of role_owner: due 2wd`,
		`+ route 1 reference: when role.level == "B", steps 1 of supervisor: due 1wd; 1 of role_owner: due 2wd`,
		"- function security: holders E0102 E0103",
		"+ function security: holders E0102",
		"- escalation: remind 1wd, to unit_head",
		"- clearance departure: default admin_confirmation",
		"- password profile: cn-classic",
		"+ clearance departure: default",
		"+ password profile: mlps-3",
	}
	if diff := cmp.Diff(want, pack.Diff(from, to)); diff != "" {
		t.Error(diff)
	}
}

func TestDiffWithNothing(t *testing.T) {
	t.Parallel()
	p := parse(t, string(example(t)))
	for _, l := range pack.Diff(nil, p) {
		if !strings.HasPrefix(l, "+ ") {
			t.Errorf("the first pack takes something away: %s", l)
		}
	}
	if n := len(pack.Diff(nil, p)); n != 19 {
		t.Errorf("%d lines for the first pack, want 19: %s", n, strings.Join(pack.Diff(nil, p), "\n"))
	}
	if d := pack.Diff(p, p); len(d) != 0 {
		t.Errorf("a pack differs from itself: %v", d)
	}
	if d := pack.Diff(nil, nil); len(d) != 0 {
		t.Errorf("nothing differs from nothing: %v", d)
	}
}

func TestDiffCountsEqualLines(t *testing.T) {
	t.Parallel()
	one := shop + "matrix: [{grants: [orders/reader]}]\n"
	two := shop + "matrix: [{grants: [orders/reader]}, {grants: [orders/reader]}]\n"
	if d := pack.Diff(parse(t, one), parse(t, two)); !cmp.Equal(d, []string{"+ matrix: grants orders/reader"}) {
		t.Errorf("diff = %v", d)
	}
}
