package hosttest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// stored is one event of a recorded history.
type stored struct {
	Stream string `json:"stream"`
	Type   string `json:"type"`
	Data   []byte `json:"data"`
}

// histories is where a service keeps them.
const histories = "testdata/history"

// Replay folds every recorded history of a service and compares the states
// with those that were recorded beside it: what was once written is understood
// for ever. describe folds a stream and says what it comes to.
func Replay(t *testing.T, service string, describe func(stream string, events []proto.Message) string) {
	t.Helper()
	files, err := filepath.Glob(histories + "/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no histories: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(strings.TrimSuffix(file, ".jsonl") + ".state")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), replay(t, service, file, describe)); diff != "" {
				t.Errorf("(-recorded +now):\n%s", diff)
			}
		})
	}
}

func replay(t testing.TB, service, file string, describe func(string, []proto.Message) string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	streams := map[string][]proto.Message{}
	var names []string
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s stored
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		f, err := eventstore.Decode(service, eventstore.Recorded{Type: s.Type, Data: s.Data})
		if err != nil || f.Message == nil {
			t.Fatalf("%s is not known any more: %v", s.Type, err)
		}
		if streams[s.Stream] == nil {
			names = append(names, s.Stream)
		}
		streams[s.Stream] = append(streams[s.Stream], f.Message)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%s: %s\n", name, describe(name, streams[name]))
	}
	return b.String()
}

// RecordHistory writes down everything that the service under test holds, as
// a new history beside the old ones; an old one is never changed.
func (i *Installation) RecordHistory(name string, describe func(stream string, events []proto.Message) string) {
	i.t.Helper()
	events, err := i.Platform(i.name).Journal.Store.ReadAll(i.t.Context(), 0, 10_000)
	if err != nil {
		i.t.Fatal(err)
	}
	var b bytes.Buffer
	for _, e := range events {
		line, err := json.Marshal(stored{Stream: e.Stream, Type: e.Type, Data: e.Data})
		if err != nil {
			i.t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	file := filepath.Join(histories, name+".jsonl")
	if _, err := os.Stat(file); err == nil {
		i.t.Fatalf("%s is recorded already; choose another name", file)
	}
	if err := os.MkdirAll(histories, 0o755); err != nil {
		i.t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		i.t.Fatal(err)
	}
	state := replay(i.t, i.name, file, describe)
	if err := os.WriteFile(strings.TrimSuffix(file, ".jsonl")+".state", []byte(state), 0o644); err != nil {
		i.t.Fatal(err)
	}
}
