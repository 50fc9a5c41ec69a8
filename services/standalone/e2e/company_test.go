package e2e

import (
	"path/filepath"
	"strconv"
	"testing"
)

// Eighteen months of a real company: at every end of a month the target shows
// exactly what the matrix gives to those who are there; whoever left holds
// nothing; each change of project led to exactly the revocations and grants
// that the matrix implies; the same file twice changes nothing; and every
// right can be explained from the read-back to the row of HR.
//
// Covers: IDN-023, IDN-025, IDN-027, ACR-008, AUD-003
func TestEighteenMonthsOfARealCompany(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../../shared/data/cert-ldap/*.csv")
	switch {
	case err != nil || len(files) == 0 && whole:
		t.Fatal("a proof leaves nothing out: the directory snapshots of shared/data/cert-ldap must lie beside the repository")
	case len(files) == 0:
		t.Skip("the directory snapshots of shared/data/cert-ldap are not here")
	}
	s, changes := certStory(t, files)
	if whole && (len(s.leavers()) != 238 || changes != 2350) {
		t.Fatalf("the files have %d leavers and %d changes of project, not 238 and 2350", len(s.leavers()), changes)
	}
	t.Logf("%d people, %d leavers, %d changes of project", len(s.everybody()), len(s.leavers()), changes)

	i := install(t)
	target := i.target()
	for n, st := range s.steps {
		i.play(s, st)
		shows(t, target, st.name, st.memberships())
		if n == 1 || n == len(s.steps)-1 || whole && st.pack == "" {
			i.changesNothing(s, st)
		}
	}
	i.leftEmptyHanded(s.leavers())
	i.lists(catalogue(s.last().matrix), s.last(), "")
	past := s.steps[len(s.steps)/2]
	i.lists(catalogue(past.matrix), past, past.date)
	i.accountsFor(s, some(s.everybody(), 20))
	i.do("audit", "verify")
}

// changesNothing imports the file of a step again and expects no event but the
// import's own record.
func (i *installation) changesNothing(s story, st step) {
	i.t.Helper()
	before := i.heads()
	again := i.object(i.command(s, st)...)
	if again["joiners"] != 0.0 || again["movers"] != 0.0 || again["leavers"] != 0.0 || again["unchanged"] != float64(len(st.people)) {
		i.t.Errorf("%s again says %v", st.name, again)
	}
	for service, head := range i.heads() {
		if service != "identity" && head != before[service] {
			i.t.Errorf("%s again wrote %d events in %s", st.name, head-before[service], service)
		}
	}
	conn := i.superuser("ostiary_identity")
	defer func() { _ = conn.Close(i.t.Context()) }()
	var others int
	if err := conn.QueryRow(i.t.Context(), `SELECT count(*) FROM es.event WHERE position > $1 AND stream <> $2`,
		before["identity"], "snapshot-"+again["snapshot"].(string)).Scan(&others); err != nil {
		i.t.Fatal(err)
	}
	if others > 0 {
		i.t.Errorf("%s again wrote %d events beside its own record", st.name, others)
	}
}

// heads are the last positions of all services but audit, which follows them.
func (i *installation) heads() map[string]int64 {
	i.t.Helper()
	heads := map[string]int64{}
	for _, s := range i.object("status")["services"].([]any) {
		service := s.(map[string]any)
		if name := service["service"].(string); name != "audit" {
			n, err := strconv.ParseInt(service["position"].(string), 10, 64)
			if err != nil {
				i.t.Fatal(err)
			}
			heads[name] = n
		}
	}
	return heads
}
