package identity_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/text/encoding/simplifiedchinese"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

const peopleMap = `source: peoplesoft
key: employee_number
encoding: utf-8
columns:
  employee_number: number
  name: name
  email: email
  position: post
  unit: [unit1, unit2]
  supervisor: {column: boss, match: number}
  attributes.project: project
constants: {kind: employee}
guard: 60%
`

const header = "number,name,email,post,unit1,unit2,boss,project\n"

const (
	wang  = "E1,王芳,wang@example.com,manager,总部,,,\n"
	lilei = "E1042,李雷,li@example.com,backend-engineer,总部,研发部,E1,P2\n"
)

func plain() *identityv1.ImportSnapshotHeader { return &identityv1.ImportSnapshotHeader{} }

func reason(err error) string {
	if f, ok := fault.Of(err); ok {
		return f.Reason
	}
	return fmt.Sprint(err)
}

func counts(r *identityv1.ImportResult) string {
	return fmt.Sprintf("%d/%d/%d/%d", r.GetJoiners(), r.GetMovers(), r.GetLeavers(), r.GetUnchanged())
}

// Covers: IDN-012, IDN-023, IDN-027
func TestThreeMonthsOfOnePerson(t *testing.T) {
	i := install(t)
	r := i.must(plain(), header+wang+lilei)
	if counts(r) != "2/0/0/0" || r.GetSnapshot() == "" || r.GetPosition() == 0 {
		t.Fatalf("first import is %v", r)
	}
	if diff := cmp.Diff([]string{"PersonRegistered", "EmploymentStarted"}, i.events("person-E1042")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"AccountOpened", "AccountActivated"}, i.events("account-E1042")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"OrgUnitCreated", "OrgUnitCreated"}, i.events("orgchart-company")); diff != "" {
		t.Error(diff)
	}
	p := i.person("E1042")
	if p.GetName() != "李雷" || p.GetState() != "active" || p.GetSupervisor() != "E1" || p.GetAttributes()["project"] != "P2" ||
		!slices.Equal(p.GetUnit(), []string{"总部", "研发部"}) || len(p.GetAccounts()) != 1 || p.GetAccounts()[0].GetState() != "active" {
		t.Errorf("person is %v", p)
	}

	before := i.head()
	if r = i.must(plain(), header+wang+lilei); counts(r) != "0/0/0/2" {
		t.Errorf("the same file again is %v", r)
	}
	if got := i.events("person-E1042"); len(got) != 2 || i.head() != before+2 {
		t.Errorf("the same file wrote %d events, the person has %v", i.head()-before, got)
	}

	if r = i.must(plain(), header+wang+strings.Replace(lilei, "P2", "P3", 1)); counts(r) != "0/1/0/1" {
		t.Errorf("the move is %v", r)
	}
	if p := i.person("E1042"); p.GetAttributes()["project"] != "P3" {
		t.Errorf("person is %v", p)
	}

	if r = i.must(plain(), header+wang); counts(r) != "0/0/1/1" {
		t.Errorf("the departure is %v", r)
	}
	p = i.person("E1042")
	if p.GetState() != "left" || p.GetAccounts()[0].GetState() != "suspended" {
		t.Errorf("person is %v", p)
	}
	if c := i.clearance("E1042"); c.GetState() != "open" || c.GetGate() != "blocked" || len(c.GetItems()) != 2 {
		t.Errorf("clearance is %v", c)
	}
}

// Every event of a person leads back to the row of the file, and all of an
// import carry the command that started it.
func TestEveryEventHasItsCause(t *testing.T) {
	i := install(t)
	command := uuid.NewString()
	if r, err := i.importsAs(withCommand(i.admin, command), plain(), header+wang); err != nil || r.GetCorrelationId() != command {
		t.Fatalf("%v, %v", r, err)
	}
	i.settle()
	snapshot, err := i.identity.Journal.Stream(t.Context(), "snapshot-snp_"+command)
	if err != nil || len(snapshot) != 3 {
		t.Fatalf("snapshot has %d events, %v", len(snapshot), err)
	}
	taken := snapshot[0].Position
	person, _ := i.identity.Journal.Stream(t.Context(), "person-E1")
	account, _ := i.identity.Journal.Stream(t.Context(), "account-E1")
	for _, f := range person {
		if f.Causation == nil || f.Causation.Position != taken || f.CorrelationID != command || f.Actor != "service:identity" {
			t.Errorf("%s is caused by %v in %s by %s", f.Type, f.Causation, f.CorrelationID, f.Actor)
		}
	}
	if c := account[0].Causation; c == nil || c.Position != person[1].Position || account[0].CorrelationID != command {
		t.Errorf("the account is caused by %v", c)
	}
	if snapshot[0].Actor != "admin" {
		t.Errorf("the snapshot was taken in by %s", snapshot[0].Actor)
	}
	if at := person[1].EffectiveAt; !at.Equal(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("effective at %v, want today 00:00 in Shanghai", at)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	i := install(t)
	before := i.head()
	r := i.must(&identityv1.ImportSnapshotHeader{DryRun: true}, header+wang+lilei)
	if counts(r) != "2/0/0/0" || r.GetSnapshot() != "" || i.head() != before {
		t.Errorf("dry run is %v and wrote %d events", r, i.head()-before)
	}
}

func TestTooManyLeaversAreHeldUntilConfirmed(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	rest := header + "E9,赵九,z@example.com,dev,总部,,,\n"
	r := i.must(plain(), rest)
	if !r.GetHeld() || r.GetReason() == "" || r.GetLeavers() != 2 || i.person("E1").GetState() != "active" {
		t.Fatalf("held result is %v", r)
	}
	if _, err := i.people().GetPerson(i.admin, &identityv1.GetPersonRequest{EmployeeNumber: "E9"}); reason(err) != "PERSON_NOT_FOUND" {
		t.Errorf("a held snapshot took somebody on: %v", err)
	}
	if _, err := i.imports(&identityv1.ImportSnapshotHeader{Confirm: r.GetDigest()}, rest+"E10,钱十,q@example.com,dev,总部,,,\n"); reason(err) != "HR_CONFIRM_MISMATCH" {
		t.Errorf("another file under the digest: %v", err)
	}
	if r = i.must(&identityv1.ImportSnapshotHeader{Confirm: r.GetDigest()}, rest); r.GetHeld() || counts(r) != "1/0/2/0" {
		t.Errorf("confirmed result is %v", r)
	}
	if i.person("E1").GetState() != "left" || i.person("E9").GetState() != "active" {
		t.Error("the confirmed snapshot was not carried out")
	}
}

// The first answer of a command holds, even if the guard would let the file
// pass by now.
func TestAHeldCommandIsHeldAgain(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	rest := header + "E9,赵九,z@example.com,dev,总部,,,\n"
	ctx := withCommand(i.admin, uuid.NewString())
	first, err := i.importsAs(ctx, plain(), rest)
	if err != nil || !first.GetHeld() {
		t.Fatalf("held result is %v, %v", first, err)
	}
	i.must(&identityv1.ImportSnapshotHeader{Confirm: first.GetDigest()}, rest)
	i.must(plain(), rest+"E10,钱十,q@example.com,dev,总部,,,\n")
	again, err := i.importsAs(ctx, plain(), rest)
	if err != nil || !again.GetHeld() || again.GetReason() != first.GetReason() || again.GetLeavers() != 2 ||
		again.GetSnapshot() != first.GetSnapshot() || again.GetPosition() != first.GetPosition() {
		t.Errorf("again: %v, %v; first: %v", again, err, first)
	}
	if i.person("E10").GetState() != "active" {
		t.Error("the repetition was carried out")
	}
}

func TestALaterDayIsCarriedOutOnThatDay(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	later := &identityv1.ImportSnapshotHeader{EffectiveDate: "2026-12-01"}
	file := header + strings.Replace(wang, "manager", "director", 1) + "E9,赵九,z@example.com,dev,总部,,,\n"
	if r := i.must(later, file); counts(r) != "1/1/1/0" {
		t.Fatalf("result is %v", r)
	}
	if i.person("E9").GetState() != "expected" || i.person("E9").GetPosition() != "dev" || i.person("E1042").GetState() != "leaving" || i.person("E1").GetPosition() != "manager" {
		t.Errorf("before the day: %v %v %v", i.person("E9"), i.person("E1042"), i.person("E1"))
	}
	if r := i.must(&identityv1.ImportSnapshotHeader{EffectiveDate: "2026-12-01"}, file); counts(r) != "0/0/0/2" {
		t.Errorf("the same file again is %v", r)
	}
	day := time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)
	i.advance(day, func() bool {
		return i.person("E9").GetState() == "active" && i.person("E1042").GetState() == "left" && i.person("E1").GetPosition() == "director"
	})
	if got := i.events("account-E9"); !slices.Equal(got, []string{"AccountOpened", "AccountActivated"}) {
		t.Errorf("account of the newcomer has %v", got)
	}
	facts, _ := i.identity.Journal.Stream(t.Context(), "person-E1042")
	if last := facts[len(facts)-1]; !last.EffectiveAt.Equal(day) || last.Causation == nil {
		t.Errorf("the end is effective at %v, caused by %v", last.EffectiveAt, last.Causation)
	}
}

func TestRowsThatCannotBeTakenAreQuarantinedAndNobodyLeavesBecauseOfThem(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(lilei)
	if err != nil {
		t.Fatal(err)
	}
	r := i.must(plain(), header+wang+gbk+"E20,a,,x,u,v,,\nE21,b,,x,v,u,,\nE30,c,,x,,,E31,\nE31,d,,x,,,E30,\n")
	var got []string
	for _, q := range r.GetQuarantined() {
		got = append(got, fmt.Sprintf("%d %s %s", q.GetRow(), q.GetEmployeeNumber(), q.GetReason()))
	}
	want := []string{"3 E1042 HR_ROW_ENCODING", "4 E20 HR_UNIT_CYCLE", "5 E21 HR_UNIT_CYCLE", "6 E30 HR_SUPERVISOR_LOOP", "7 E31 HR_SUPERVISOR_LOOP"}
	if diff := cmp.Diff(want, got); diff != "" || counts(r) != "0/0/0/1" {
		t.Errorf("%s %s", counts(r), diff)
	}
	if i.person("E1042").GetState() != "active" {
		t.Error("a row in another encoding looked like a departure")
	}
	r = i.must(&identityv1.ImportSnapshotHeader{Map: []byte(strings.Replace(peopleMap, "utf-8", "gbk", 1))}, header+"E1,wang,,manager,,,,\n"+gbk)
	if len(r.GetQuarantined()) != 0 || i.person("E1042").GetName() != "李雷" {
		t.Errorf("with encoding gbk: %v", r)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	i := install(t)
	before := i.head()
	for name, tc := range map[string]struct {
		header *identityv1.ImportSnapshotHeader
		file   string
		want   string
	}{
		"no map":           {&identityv1.ImportSnapshotHeader{Map: []byte("source: x\nkolumns: {}\n")}, header, "HR_MAP_INVALID"},
		"a missing column": {plain(), "number,name\n", "HR_COLUMN_MISSING"},
		"no date":          {&identityv1.ImportSnapshotHeader{EffectiveDate: "1.12.2026"}, header, "HR_EFFECTIVE_DATE_INVALID"},
		"a date far away":  {&identityv1.ImportSnapshotHeader{EffectiveDate: "2062-12-01"}, header, "HR_EFFECTIVE_DATE_INVALID"},
		"no CSV":           {plain(), header + "\"", "HR_FILE_UNREADABLE"},
		"a huge field":     {plain(), header + strings.Repeat("x", 5<<10) + ",,,,,,,\n", "HR_FILE_TOO_LARGE"},
	} {
		if _, err := i.imports(tc.header, tc.file); reason(err) != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if i.head() != before {
		t.Errorf("refused files wrote %d events", i.head()-before)
	}
}

func TestAnUnnamedSourceIsRefusedOnceAPackNamesSources(t *testing.T) {
	i := install(t)
	if r := i.must(plain(), header+wang); len(r.GetWarnings()) != 1 || r.GetWarnings()[0].GetReason() != "HR_SOURCES_NOT_NAMED" {
		t.Errorf("without a pack the warnings are %v", r.GetWarnings())
	}
	i.pack(1, "sources: [{name: workday}]\n")
	if _, err := i.imports(plain(), header+wang); reason(err) != "HR_SOURCE_UNKNOWN" {
		t.Errorf("unnamed source: %v", err)
	}
	i.pack(2, "sources: [{name: peoplesoft}]\n"+catalogue+"matrix: [{position: manager, grants: [orders/reader]}]\n")
	r := i.must(plain(), header+wang+lilei)
	if len(r.GetWarnings()) != 1 || r.GetWarnings()[0].GetReason() != "HR_POSITION_UNKNOWN" || r.GetWarnings()[0].GetSubject() != "backend-engineer" || r.GetWarnings()[0].GetPeople() != 1 {
		t.Errorf("warnings are %v", r.GetWarnings())
	}
	i.pack(3, catalogue+"matrix: [{position: manager, grants: [orders/reader]}]\n")
	var reasons []string
	for _, w := range i.must(plain(), header+wang+lilei).GetWarnings() {
		reasons = append(reasons, w.GetReason())
	}
	if !slices.Equal(reasons, []string{"HR_SOURCES_NOT_NAMED", "HR_POSITION_UNKNOWN"}) {
		t.Errorf("by a pack that names no sources the warnings are %v", reasons)
	}
}

func TestAnotherSourceDoesNotSpeakForAPerson(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang)
	other := &identityv1.ImportSnapshotHeader{Map: []byte(strings.Replace(peopleMap, "peoplesoft", "workday", 1))}
	r := i.must(other, header+strings.Replace(wang, "manager", "director", 1)+lilei)
	if counts(r) != "1/0/0/0" || len(r.GetQuarantined()) != 1 || r.GetQuarantined()[0].GetReason() != "HR_FOREIGN_PERSON" {
		t.Errorf("result is %v", r)
	}
	if i.person("E1").GetPosition() != "manager" {
		t.Error("another source moved the person")
	}
}

func TestARepeatedCommandReturnsTheFirstResult(t *testing.T) {
	i := install(t)
	ctx := withCommand(i.admin, uuid.NewString())
	first, err := i.importsAs(ctx, plain(), header+wang)
	if err != nil {
		t.Fatal(err)
	}
	i.must(plain(), header+wang+lilei)
	again, err := i.importsAs(ctx, plain(), header+wang)
	if err != nil || again.GetSnapshot() != first.GetSnapshot() || counts(again) != counts(first) || again.GetPosition() != first.GetPosition() {
		t.Errorf("again: %v, %v; first: %v", again, err, first)
	}
	if _, err := i.importsAs(ctx, plain(), header+lilei); reason(err) != "COMMAND_ID_REUSED" {
		t.Errorf("another file under the same command: %v", err)
	}
	if i.person("E1042").GetState() != "active" {
		t.Error("the repetition was compared anew")
	}
}

// A caller who goes away after the snapshot was accepted changes nothing; one
// who comes back with the same file is told how it went.
func TestTheWorkGoesOnWithoutItsCaller(t *testing.T) {
	i := install(t)
	file := header + many(120)
	ctx, cancel := context.WithCancel(i.admin)
	stream, err := i.people().ImportSnapshot(ctx)
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
	if _, err := stream.Recv(); err != nil { // progress: it is accepted
		t.Fatal(err)
	}
	cancel()
	r, err := i.imports(plain(), file)
	if err != nil {
		t.Fatal(err)
	}
	if got := counts(r); got != "120/0/0/0" && got != "0/0/0/120" {
		t.Errorf("the same file again is %s", got)
	}
	i.settle()
	if i.person("N119").GetState() != "active" {
		t.Error("the last person was not taken on")
	}
}

func TestTwoFilesOfOneSourceAreTakenOneAfterTheOther(t *testing.T) {
	i := install(t)
	outcomes := make(chan string, 4)
	for n := range 4 {
		go func() {
			r, err := i.imports(plain(), header+many(40+n))
			switch {
			case err == nil:
				outcomes <- counts(r)
			case errors.Is(err, context.Canceled):
				outcomes <- "cancelled"
			default:
				outcomes <- reason(err)
			}
		}()
	}
	done := 0
	for range 4 {
		switch o := <-outcomes; o {
		case "HR_SNAPSHOT_BUSY":
		default:
			if strings.HasPrefix(o, "HR") || strings.Contains(o, "rror") {
				t.Errorf("outcome %s", o)
			}
			done++
		}
	}
	i.settle()
	if done == 0 {
		t.Error("nobody got through")
	}
	for n := range 40 {
		if got := i.events(fmt.Sprintf("person-N%d", n)); !slices.Equal(got[:2], []string{"PersonRegistered", "EmploymentStarted"}) {
			t.Fatalf("person N%d has %v", n, got)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for k := range n {
		boss := "" // of the first
		if k > 0 {
			boss = fmt.Sprintf("N%d", k/10)
		}
		fmt.Fprintf(&b, "N%d,名字%d,n%d@example.com,position-%d,总部,部门%d,%s,P%d\n", k, k, k, k%40, k%25, boss, k%7)
	}
	return b.String()
}

func (i *installation) person(number string) *identityv1.Person {
	i.t.Helper()
	r, err := i.people().GetPerson(i.admin, &identityv1.GetPersonRequest{EmployeeNumber: number})
	if err != nil {
		i.t.Fatalf("person %s: %v", number, err)
	}
	return r.GetPerson()
}

func (i *installation) clearance(number string) *identityv1.GetClearanceResponse {
	i.t.Helper()
	r, err := i.people().GetClearance(i.admin, &identityv1.GetClearanceRequest{EmployeeNumber: number})
	if err != nil {
		i.t.Fatalf("clearance of %s: %v", number, err)
	}
	return r
}
