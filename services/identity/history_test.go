package identity_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
	"github.com/ostiary/ostiary/services/identity/internal/domain/hrfeed"
	"github.com/ostiary/ostiary/services/identity/internal/domain/orgchart"
	"github.com/ostiary/ostiary/services/identity/internal/domain/packs"
	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
	"github.com/ostiary/ostiary/services/identity/internal/domain/session"
	"github.com/ostiary/ostiary/services/identity/internal/domain/snapshot"
)

// record writes a new history beside the old ones; an old one is never changed.
var record = flag.String("record-history", "", "name of a history to record")

// stored is one event as the store keeps it, personal fields sealed.
type stored struct {
	Stream string `json:"stream"`
	Type   string `json:"type"`
	Data   []byte `json:"data"`
}

// Streams that were once written are replayed for ever: each binary folds them
// to the state that they had when they were recorded.
func TestRecordedHistoriesReplay(t *testing.T) {
	if *record != "" {
		recordHistory(t, *record)
	}
	files, err := filepath.Glob("testdata/history/*.jsonl")
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
			if diff := cmp.Diff(string(want), replay(t, file)); diff != "" {
				t.Errorf("(-recorded +now):\n%s", diff)
			}
		})
	}
}

// replay folds every stream of a file and describes the states.
func replay(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	streams := map[string][]proto.Message{}
	var order []string
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s stored
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		f, err := eventstore.Decode("identity", eventstore.Recorded{Type: s.Type, Data: s.Data})
		if err != nil || f.Message == nil {
			t.Fatalf("%s is not known any more: %v", s.Type, err)
		}
		if streams[s.Stream] == nil {
			order = append(order, s.Stream)
		}
		streams[s.Stream] = append(streams[s.Stream], f.Message)
	}
	slices.Sort(order)
	var b strings.Builder
	for _, name := range order {
		fmt.Fprintf(&b, "%s: %s\n", name, describe(name, streams[name]))
	}
	return b.String()
}

func describe(stream string, events []proto.Message) string {
	switch eventstore.StreamType(stream) {
	case "person":
		s := folded(person.Decider, events)
		transfer := ""
		if s.Transfer != "" { // older files were recorded before there was notice
			transfer = " transfer=" + s.Transfer
		}
		return fmt.Sprintf("%s %s %s status=%d kind=%s unit=%v position=%s supervisor=%s attributes=%v employed=%v ends=%v start=%v change=%v", s.ID, s.Number, s.Source,
			s.Status, s.Details.GetKind(), s.Post.GetUnit(), s.Post.GetPosition(), s.Post.GetSupervisor(), s.Post.GetAttributes(), s.Employed,
			!s.EndsAt.IsZero(), s.Start.GetPost().GetPosition(), s.Change.GetPost().GetPosition()) + transfer
	case "account":
		// Older files were recorded before this field was there.
		return strings.Replace(fmt.Sprintf("%+v", folded(account.Decider, events)), " FromHR:false", "", 1)
	case "clearance":
		return fmt.Sprintf("%+v", folded(clearance.Decider, events))
	case "session":
		return fmt.Sprintf("%+v", folded(session.Decider, events))
	case "client":
		return fmt.Sprintf("%+v", folded(client.Decider, events))
	case "pack":
		return fmt.Sprintf("%+v", folded(packs.Decider, events))
	case "orgchart":
		// Older files were recorded before units had named heads.
		return strings.Replace(fmt.Sprintf("%q", folded(orgchart.Decider, events)), " map[]}", "}", 1)
	case "hrfeed":
		s := folded(hrfeed.Decider, events)
		version, done := s.Done("m-9")
		return fmt.Sprintf("next=%d taken=%v done=%v at %d", s.Next(), s.Taken("m-10"), done, version)
	case "snapshot":
		s := folded(snapshot.Decider, events)
		return fmt.Sprintf("changes=%d joiners=%d movers=%d leavers=%d held=%v applied=%d", s.Changes, s.Accepted.GetJoiners(), s.Accepted.GetMovers(), s.Accepted.GetLeavers(), s.Held != nil, s.Applied.GetChanges())
	}
	return "nobody folds this stream"
}

func folded[S, C any](d eventstore.Decider[S, C], events []proto.Message) S {
	var s S
	for _, e := range events {
		s = d.Evolve(s, e)
	}
	return s
}

// recordHistory plays a story with every kind of event and writes down what the
// store holds.
func recordHistory(t *testing.T, name string) {
	t.Helper()
	i := prepare(t)
	i.start()
	i.admin = i.signIn("admin", bootstrapPassword)
	i.pack(1, "sources: [{name: peoplesoft}]\nclearance: {departure: [default, admin_confirmation]}\n")
	i.must(plain(), header+wang+lilei)
	i.must(plain(), header+wang+strings.Replace(lilei, "李雷", "李蕾", 1))
	i.must(plain(), header+strings.Replace(wang, "manager", "director", 1)+lilei)
	i.must(&identityv1.ImportSnapshotHeader{EffectiveDate: "2026-12-01"}, header+wang+"E9,赵九,z@example.com,dev,总部,,,\n")
	i.must(&identityv1.ImportSnapshotHeader{EffectiveDate: "2026-12-01"}, header+wang+lilei)
	i.must(plain(), header+wang)
	i.cleared("E1042")
	if _, err := i.people().RecordClearance(i.admin, &identityv1.RecordClearanceRequest{EmployeeNumber: "E1042", Item: "admin_confirmation", Reason: "seen"}); err != nil {
		t.Fatal(err)
	}
	i.must(plain(), header+wang+lilei)
	i.must(plain(), header+wang)
	i.must(plain(), header+wang+lilei)
	i.must(plain(), header+wang)
	if _, err := i.people().WaiveClearance(i.admin, &identityv1.WaiveClearanceRequest{EmployeeNumber: "E1042", Item: "grants", Reason: "the target is gone"}); err != nil {
		t.Fatal(err)
	}
	i.must(plain(), header+lilei)
	if _, err := i.enter("auditor1", i.operator("auditor1", "auditor"), "Battery-Staple-9"); err != nil {
		t.Fatal(err)
	}
	if _, err := i.people().AddClient(i.admin, &identityv1.AddClientRequest{Name: "erp", Feed: "hr", Source: "peoplesoft"}); err != nil {
		t.Fatal(err)
	}
	i.aDayOfTheHrFeed()
	if _, err := i.door().EndSession(i.admin, &identityv1.EndSessionRequest{}); err != nil {
		t.Fatal(err)
	}
	i.settle()
	events, err := i.identity.Journal.Store.ReadAll(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, e := range events {
		line, err := json.Marshal(stored{Stream: e.Stream, Type: e.Type, Data: e.Data})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	file := filepath.Join("testdata", "history", name+".jsonl")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Fatalf("%s is recorded already; choose another name", file)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strings.TrimSuffix(file, ".jsonl")+".state", []byte(replay(t, file)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// aDayOfTheHrFeed has every kind of event of the feed.
func (i *installation) aDayOfTheHrFeed() {
	i.t.Helper()
	h := i.hrSystem()
	h.read = h.answered()
	h.done("unit.changed", "总部/市场部", `{"change":"created"}`)
	h.done("unit.changed", "总部/旧部", `{"change":"created"}`)
	h.done("hired", "E70", `{"name":"顾","unit":["总部","市场部"],"position":"clerk","effective_date":"2026-11-22"}`)
	h.done("unit.changed", "总部/市场部", `{"change":"head","head":"E70"}`)
	h.done("unit.changed", "总部/市场部", `{"change":"renamed","to":["总部","销售部"]}`)
	h.done("unit.changed", "总部/销售部", `{"change":"merged","to":["总部"]}`)
	h.done("unit.changed", "总部/旧部", `{"change":"abolished"}`)
	h.done("absent", "E70", `{"from":"2026-11-23","deputy":"E1042"}`)
	h.done("returned", "E70", `{"effective_date":"2026-11-23"}`)
	h.refused("moved", "E71", `{"effective_date":"2026-11-22"}`, "PERSON_NOT_EMPLOYED")
	h.transfers()
	h.publish(event(1, "m-1", "unit.changed", "总部/市场部", `{"change":"created"}`))
	h.says("duplicate", "m-1", "")
	h.publish(event(100, "m-100", "moved", "E70", `{"effective_date":"2026-11-22"}`))
	h.says("gap", "m-100", "")
	h.send("departure_closed", "E70", `{"reason":"by mistake"}`)
	h.hear()
	h.hear()
}

// transfers are one that is cleared, one that is taken back, one that ends with a
// departure, and one that is ahead.
func (h *hrSystem) transfers() {
	h.i.t.Helper()
	h.done("hired", "E80", `{"name":"周","position":"clerk","effective_date":"2026-11-22"}`)
	h.notices("E80", `{"position":"seller","effective_date":"2026-11-22"}`, "grants")
	h.i.transferred("E80")
	h.hear()
	h.notices("E80", `{"position":"buyer","effective_date":"2026-12-24"}`, "grants")
	h.done("transfer_noticed", "E80", `{"position":"seller","effective_date":"2026-12-24"}`)
	h.notices("E80", `{"position":"lead","effective_date":"2026-12-24"}`, "grants")
	h.done("hired", "E81", `{"name":"吴","position":"clerk","effective_date":"2026-11-22"}`)
	h.notices("E81", `{"position":"lead","effective_date":"2026-12-24"}`, "grants")
	h.send("dismissed", "E81", `{}`)
	h.hear()
	h.hear()
}

// answered is how many answers are on the bus.
func (h *hrSystem) answered() (n uint64) {
	h.i.t.Helper()
	h.i.eventually("answers", func() bool {
		s, err := h.js.Stream(h.i.t.Context(), "HRREPLY")
		if err == nil {
			n = s.CachedInfo().State.LastSeq
		}
		return err == nil
	})
	return n
}
