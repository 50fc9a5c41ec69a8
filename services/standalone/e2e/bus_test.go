package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// The bus is rebuilt from the stores. Its whole folder is deleted while the
// process is stopped, and everything goes on; and it is deleted after the
// process died between the answer to an import and the consequences, which come
// all the same. In the end everything is as if nothing had happened.
//
// Covers: AUD-001
func TestTheBusIsDeleted(t *testing.T) {
	t.Parallel()
	want := playedOnce(t)
	i := install(t)
	s := want.story
	for _, st := range s.steps {
		if st.pack == "" {
			i.importAndDie(s, st)
			i.deleteBus()
			i.start()
		}
		i.play(s, st) // for an import the same file again
		i.settle()
		shows(t, i.target(), st.name, st.memberships())
		if st.pack != "" || whole {
			i.stop()
			i.deleteBus()
			i.start()
		}
	}
	i.equals(want)
}

// importAndDie imports a file and kills the process as soon as the import is
// answered, before its consequences have come.
func (i *installation) importAndDie(s story, st step) {
	i.t.Helper()
	i.do("hr", "import", i.write(st.name+".csv", st.snapshot), "--map", i.write("map.yaml", s.mapping), "--effective", st.date)
	i.kill()
	if got, want := len(rights(i.t, i.target())), len(st.memberships()); st.name == "month-01" && got == want {
		i.t.Errorf("%s: all %d rights were given before the kill", st.name, got)
	}
}

// deleteBus deletes everything that JetStream keeps.
func (i *installation) deleteBus() {
	i.t.Helper()
	dir := filepath.Join(i.home, "nats")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
		i.t.Fatalf("there is no bus in %s: %v", dir, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		i.t.Fatal(err)
	}
}
