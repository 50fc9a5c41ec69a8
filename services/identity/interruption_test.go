package identity_test

import (
	"fmt"
	"slices"
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/testkit"
)

// A snapshot that was accepted is carried out by the next start, each change
// once.
func TestAnInterruptedSnapshotIsCompletedAtTheNextStart(t *testing.T) {
	i := install(t)
	people := max(100, testkit.Count(2000))
	file := header + many(people)
	stream, err := i.people().ImportSnapshot(i.admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []*identityv1.ImportSnapshotRequest{
		{Part: &identityv1.ImportSnapshotRequest_Header{Header: &identityv1.ImportSnapshotHeader{Map: []byte(peopleMap)}}},
		{Part: &identityv1.ImportSnapshotRequest_Chunk{Chunk: []byte(file)}},
	} {
		if err := stream.Send(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for {
		r, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if r.GetProgress().GetDone() > 0 || r.GetResult() != nil {
			break
		}
	}
	i.stop()
	i.start()
	i.settle()
	i.admin = i.signIn("admin", bootstrapPassword)
	for n := range people {
		if got := i.events(fmt.Sprintf("person-N%d", n)); !slices.Equal(got, []string{"PersonRegistered", "EmploymentStarted"}) {
			t.Fatalf("person N%d has %v", n, got)
		}
		if got := i.events(fmt.Sprintf("account-N%d", n)); !slices.Equal(got, []string{"AccountOpened", "AccountActivated"}) {
			t.Fatalf("account N%d has %v", n, got)
		}
	}
	if r := i.must(plain(), file); counts(r) != fmt.Sprintf("0/0/0/%d", people) {
		t.Errorf("the same file after the restart is %s", counts(r))
	}
}

// The password of the first administrator is set at the first start only.
func TestARestartKeepsEverything(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	if _, err := i.enter("admin", bootstrapPassword, "Battery-Staple-9"); err != nil {
		t.Fatal(err)
	}
	i.settle()
	before := i.head()
	i.stop()
	i.start()
	i.settle()
	if i.head() != before {
		t.Errorf("the restart wrote %d events", i.head()-before)
	}
	if _, err := i.enter("admin", bootstrapPassword, ""); reason(err) != "SIGN_IN_FAILED" {
		t.Errorf("the first password after the restart: %v", err)
	}
	i.admin = i.signIn("admin", "Battery-Staple-9")
	if p := i.person("E1042"); p.GetName() != "李雷" || p.GetState() != "active" {
		t.Errorf("person is %v", p)
	}
}

// Read models that are built anew show what those show that grew.
func TestRebuiltReadModelsAreTheSame(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	i.must(&identityv1.ImportSnapshotHeader{EffectiveDate: "2026-12-01"}, header+wang+many(3))
	i.must(plain(), header+wang)
	i.cleared("E1042")
	i.must(plain(), header+wang+lilei)
	client := runtimev1.NewRuntimeServiceClient(i.host.Conn("identity"))
	status, err := client.GetStatus(i.admin, &runtimev1.GetStatusRequest{Service: "identity"})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, p := range status.GetProjections() {
		r, err := client.RebuildProjection(i.admin, &runtimev1.RebuildProjectionRequest{Service: "identity", Projection: p.GetName()})
		if err != nil {
			t.Fatalf("rebuild %s: %v", p.GetName(), err)
		}
		if r.GetProjection().GetDigest() != p.GetDigest() {
			t.Errorf("%s: rebuilt it shows something else", p.GetName())
		}
		seen++
	}
	if seen < 7 { // six read models and the deadlines
		t.Errorf("only %d projections were compared", seen)
	}
}
