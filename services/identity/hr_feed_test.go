package identity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

const feedPack = `sources: [{name: peoplesoft, silence: 24h}, {name: workday}]
`

// hrSystem sends events and reads the answers.
type hrSystem struct {
	i    *installation
	js   jetstream.JetStream
	next int
	read uint64
}

func (i *installation) hrSystem() *hrSystem {
	i.t.Helper()
	conn, err := i.bus.Connect("admin", slog.New(slog.DiscardHandler))
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		i.t.Fatal(err)
	}
	return &hrSystem{i: i, js: js}
}

// event is a CloudEvent as an HR system writes it.
func event(sequence int, id, verb, subject, data string) (topic string, payload []byte) {
	what := "employee." + verb
	if verb == "unit.changed" {
		what = verb
	}
	payload, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": id, "source": "hr/peoplesoft", "type": "hr." + what + ".v1", "subject": subject,
		"time": "2026-11-22T09:00:00+08:00", "sequence": fmt.Sprint(sequence), "data": json.RawMessage(data),
	})
	if err != nil {
		panic(err)
	}
	return "hr.peoplesoft." + what, payload
}

// send sends an event with the next number.
func (h *hrSystem) send(verb, subject, data string) (id string) {
	h.i.t.Helper()
	h.next++
	id = fmt.Sprintf("m-%d", h.next)
	h.publish(event(h.next, id, verb, subject, data))
	return id
}

func (h *hrSystem) publish(topic string, payload []byte) {
	h.i.t.Helper()
	h.i.eventually("published", func() bool {
		_, err := h.js.Publish(h.i.t.Context(), topic, payload)
		return err == nil
	})
}

// answer is one CloudEvent of HRREPLY.
type answer struct {
	Type    string
	Subject string
	Topic   string
	Data    struct {
		ID             string   `json:"id"`
		Sequence       string   `json:"sequence"`
		EmployeeNumber string   `json:"employee_number"`
		Reason         string   `json:"reason"`
		NextSequence   string   `json:"next_sequence"`
		OpenItems      []string `json:"open_items"`
	}
}

// hear waits for the next answer.
func (h *hrSystem) hear() (a answer) {
	h.i.t.Helper()
	h.read++
	h.i.eventually(fmt.Sprintf("answer %d", h.read), func() bool {
		ctx, cancel := context.WithTimeout(h.i.t.Context(), time.Second)
		defer cancel()
		s, err := h.js.Stream(ctx, "HRREPLY")
		if err != nil {
			return false
		}
		m, err := s.GetMsg(ctx, h.read)
		if err != nil {
			return false
		}
		a.Topic = m.Subject
		return json.Unmarshal(m.Data, &a) == nil
	})
	return a
}

// says expects the next answer.
func (h *hrSystem) says(kind, id, reason string) answer {
	h.i.t.Helper()
	a := h.hear()
	if a.Type != "hr."+kind+".v1" || a.Data.ID != id || a.Data.Reason != reason {
		h.i.t.Fatalf("answer is %s %s %q, want %s %s %q", a.Type, a.Data.ID, a.Data.Reason, kind, id, reason)
	}
	return a
}

// done sends an event and expects it to be carried out.
func (h *hrSystem) done(verb, subject, data string) (id string) {
	h.i.t.Helper()
	id = h.send(verb, subject, data)
	h.says("accepted", id, "")
	h.i.settle()
	return id
}

// refused sends an event and expects it in quarantine.
func (h *hrSystem) refused(verb, subject, data, reason string) (id string) {
	h.i.t.Helper()
	id = h.send(verb, subject, data)
	h.says("quarantined", id, reason)
	return id
}

const ada = `{"employee_number":"E1","name":"Ada","email":"a@example.com","unit":["总部","研发部"],"position":"engineer","supervisor":"E7","attributes":{"project":"P1","grade":"3"},"effective_date":"2026-11-22"}`

// Covers: OPS-002, IDN-012, IDN-023, IDN-025, IDN-027, IDN-029, IDN-030, ACR-061
func TestEveryVerbOfTheHrFeed(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()

	h.done("hired", "E1", ada)
	if p := i.person("E1"); p.GetState() != "active" || p.GetName() != "Ada" || p.GetKind() != "employee" || p.GetAccounts()[0].GetState() != "active" {
		t.Fatalf("hired: %v", p)
	}
	h.done("moved", "E1", `{"position":"lead","supervisor":null,"attributes":{"project":"P2","grade":null},"effective_date":"2026-11-22"}`)
	p := i.person("E1")
	if p.GetPosition() != "lead" || p.GetSupervisor() != "" || p.GetAttributes()["project"] != "P2" || len(p.GetAttributes()) != 1 || p.GetEmail() != "a@example.com" {
		t.Fatalf("moved: %v", p)
	}
	moved := h.done("moved", "E1", `{"position":"head","effective_date":"2026-11-22"}`)
	h.done("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"position":"chief"}`, moved))
	if p := i.person("E1"); p.GetPosition() != "chief" || p.GetAttributes()["project"] != "P2" {
		t.Fatalf("corrected: %v", p)
	}
	h.notices("E1", `{"unit":["总部","销售部"],"effective_date":"2026-12-01"}`, "grants")
	if p := i.person("E1"); !slices.Equal(p.GetUnit(), []string{"总部", "研发部"}) {
		t.Fatalf("a transfer took effect before its day: %v", p)
	}
	h.done("absent", "E1", `{"from":"2026-11-23","until":"2026-11-27","deputy":"E7"}`)
	h.done("returned", "E1", `{"effective_date":"2026-11-25"}`)
	leaving := h.done("leaving", "E1", `{"last_day":"2026-12-31","reason":"resignation"}`)
	if p := i.person("E1"); p.GetState() != "leaving" {
		t.Fatalf("leaving: %v", p)
	}
	h.done("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"last_day":"2026-11-30"}`, leaving))
	i.advance(time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC), func() bool { return i.person("E1").GetState() == "left" })
	if a := h.hear(); a.Type != "hr.gate.blocked.v1" || a.Subject != "E1" || !slices.Contains(a.Data.OpenItems, "grants") {
		t.Fatalf("the gate is said to be %v", a)
	}
	h.send("departure_closed", "E1", `{}`)
	if a, b := h.hear(), h.hear(); !together(a, b, "hr.gate.blocked.v1", "hr.accepted.v1") {
		t.Fatalf("an early last entry is answered by %v, %v", a, b)
	}
	i.cleared("E1")
	if a := h.hear(); a.Type != "hr.gate.opened.v1" || a.Data.EmployeeNumber != "E1" || a.Topic != "hrreply.peoplesoft.E1" {
		t.Fatalf("the gate is said to be %v", a)
	}
	h.done("left", "E1", `{"effective_date":"2026-12-01"}`) // it has ended already
	h.done("hired", "E1", ada)
	if p := i.person("E1"); p.GetState() != "active" || p.GetPosition() != "engineer" || p.GetAttributes()["grade"] != "3" {
		t.Fatalf("hired again: %v", p)
	}
	h.send("walked_out", "E1", `{"reason":"no word"}`)
	if a, b := h.hear(), h.hear(); !together(a, b, "hr.gate.blocked.v1", "hr.accepted.v1") {
		t.Fatalf("walking out is answered by %v, %v", a, b)
	}
	i.settle()
	if p := i.person("E1"); p.GetState() != "left" || p.GetAccounts()[0].GetState() != "suspended" {
		t.Fatalf("walked out: %v", p)
	}
	want := []string{
		"PersonRegistered", "EmploymentStarted", "PostChanged", "PostChanged", "PostChanged", "TransferNoticed", "PostChangePlanned", "AbsenceRecorded", "AbsenceEnded",
		"DepartureAnnounced", "DepartureAnnounced", "PostChanged", "EmploymentEnded", "PersonnelFileClosed", "EmploymentStarted", "EmploymentEnded",
	}
	if got := i.events("person-E1"); !slices.Equal(got, want) {
		t.Errorf("history is %v, want %v", got, want)
	}
}

// Two absences are two; a correction is about the one that it names.
//
// Covers: ACR-061
func TestAnAbsenceIsCorrectedInItsPlace(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()
	h.done("hired", "E1", ada)
	first := h.done("absent", "E1", `{"from":"2026-11-23","until":"2026-11-27","deputy":"E7"}`)
	h.done("absent", "E1", `{"from":"2026-11-28","until":"2026-11-30","deputy":"E8"}`)
	h.done("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"until":"2026-11-25"}`, first))
	facts, err := i.identity.Journal.Stream(t.Context(), "person-E1")
	if err != nil {
		t.Fatal(err)
	}
	returned := h.done("returned", "E1", `{"effective_date":"2026-11-29"}`)
	h.refused("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"effective_date":"2026-11-30"}`, returned), "HR_RETURN_NOT_CORRECTED")
	h.done("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"effective_date":"2026-11-28"}`, returned))
	var ids []string
	for _, f := range facts {
		if e, ok := f.Message.(*identityv1.AbsenceRecorded); ok {
			ids = append(ids, e.GetAbsenceId())
		}
	}
	if len(ids) != 3 || ids[0] == ids[1] || ids[2] != ids[0] || !strings.HasPrefix(ids[0], "abs_") {
		t.Errorf("absences %q", ids)
	}
}

// A correction is of the absence as it stands: an earlier correction stays, and
// nobody is away again who is back.
//
// Covers: ACR-061
func TestACorrectionLeavesWhatItDoesNotName(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()
	h.done("hired", "E1", ada)
	absent := h.done("absent", "E1", `{"from":"2026-11-23","until":"2026-11-27","deputy":"E7"}`)
	corrected := func(id, fields string) string { return fmt.Sprintf(`{"corrects":%q,%s}`, id, fields) }
	last := func(deputy, until string) {
		t.Helper()
		facts, err := i.identity.Journal.Stream(t.Context(), "person-E1")
		if err != nil {
			t.Fatal(err)
		}
		e, ok := facts[len(facts)-1].Message.(*identityv1.AbsenceRecorded)
		if !ok || e.GetDeputy() != deputy || e.GetUntil().AsTime().Format(time.RFC3339) != until {
			t.Errorf("recorded %v, want %s until %s", facts[len(facts)-1].Message, deputy, until)
		}
	}
	h.done("corrected", "E1", corrected(absent, `"deputy":"E3"`))
	last("E3", "2026-11-27T16:00:00Z")
	h.done("corrected", "E1", corrected(absent, `"until":"2026-11-26"`))
	last("E3", "2026-11-26T16:00:00Z")
	h.done("returned", "E1", `{"effective_date":"2026-11-25"}`)
	h.done("corrected", "E1", corrected(absent, `"reason":"illness"`))
	last("E3", "2026-11-24T16:00:00Z")
	h.done("returned", "E1", `{"effective_date":"2026-11-23"}`)
	h.refused("corrected", "E1", corrected(absent, `"reason":"illness"`), "HR_ABSENCE_GONE")
}

// A correction of a return that does not move its day is taken, and ends nothing.
//
// Covers: ACR-061
func TestACorrectionOfAReturnMayLeaveTheDay(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()
	h.done("hired", "E1", ada)
	h.done("absent", "E1", `{"from":"2026-11-20","until":"2026-11-27","deputy":"E7"}`)
	dated := h.done("returned", "E1", `{"effective_date":"2026-11-25"}`)
	h.done("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"reason":"illness"}`, dated))
	h.done("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"reason":"illness","effective_date":"2026-11-25"}`, dated))
	atOnce := h.done("returned", "E1", `{}`)
	h.done("absent", "E1", `{"from":"2026-11-20","until":"2026-11-27","deputy":"E8"}`)
	h.done("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"reason":"illness"}`, atOnce))
	got := i.events("person-E1")
	if want := []string{"AbsenceRecorded", "AbsenceEnded", "AbsenceEnded", "AbsenceRecorded"}; !slices.Equal(got[len(got)-4:], want) {
		t.Errorf("history is %v, want %v at the end", got, want)
	}
}

// together tells whether two answers, about different things and so in any order,
// are these.
func together(a, b answer, one, other string) bool {
	return a.Type == one && b.Type == other || a.Type == other && b.Type == one
}

// Covers: OPS-002
func TestEventsOfAnHrSystemThatAreNotInOrder(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()

	// What one HR system names, the bus does not swallow of another.
	if s, err := h.js.Stream(t.Context(), "HR"); err != nil || s.CachedInfo().Config.Duplicates > time.Second {
		t.Errorf("the bus swallows repeats for %v; %v", s.CachedInfo().Config.Duplicates, err)
	}

	// Two and three come before one; three comes twice.
	h.publish(event(2, "two", "moved", "E1", `{"position":"lead","effective_date":"2026-11-22"}`))
	if a := h.says("gap", "two", ""); a.Data.NextSequence != "1" || a.Data.Sequence != "2" {
		t.Errorf("the gap is told as %+v", a)
	}
	h.publish(event(3, "three", "moved", "E1", `{"position":"head","effective_date":"2026-11-22"}`))
	h.publish(event(3, "three", "moved", "E1", `{"position":"head","effective_date":"2026-11-22"}`))
	h.says("duplicate", "three", "")
	s := i.source()
	if s.GetNextSequence() != 1 || s.GetWaiting() != 2 || s.GetGapSince() == nil {
		t.Errorf("status is %v", s)
	}
	i.clock.Set(noon.Add(2 * time.Minute))
	i.eventually("the alarm", func() bool {
		return slices.ContainsFunc(i.host.Causes(), func(c string) bool { return strings.Contains(c, "event 1 is missing") })
	})

	h.publish(event(1, "one", "hired", "E1", ada))
	for _, id := range []string{"one", "two", "three"} {
		h.says("accepted", id, "")
	}
	i.settle()
	if p := i.person("E1"); p.GetPosition() != "head" {
		t.Errorf("the person is %v", p)
	}
	h.publish(event(2, "two", "moved", "E1", `{"position":"lead","effective_date":"2026-11-22"}`))
	h.says("duplicate", "two", "")
	h.publish(event(2, "other", "moved", "E1", `{"position":"thief","effective_date":"2026-11-22"}`))
	h.says("quarantined", "other", "HR_SEQUENCE_REUSED")
	h.publish("hr.peoplesoft.employee.moved", []byte(`{"id":""}`))
	if a := h.says("quarantined", "", "HR_EVENT_UNREADABLE"); a.Topic != "hrreply.peoplesoft._" {
		t.Errorf("the answer to something unreadable goes to %s", a.Topic)
	}
	s = i.source()
	if s.GetNextSequence() != 4 || s.GetWaiting() != 0 || s.GetGapSince() != nil || s.GetQuarantined() != 2 {
		t.Errorf("status is %v", s)
	}
	if p := i.person("E1"); p.GetPosition() != "head" {
		t.Errorf("the person is %v", p)
	}
	i.eventually("the alarm ends", func() bool { return len(i.host.Causes()) == 0 })
	i.clock.Set(noon.Add(25 * time.Hour))
	i.eventually("silence is an alarm", func() bool {
		return slices.ContainsFunc(i.host.Causes(), func(c string) bool { return strings.Contains(c, "silent since") })
	})
}

func (i *installation) source() *identityv1.HrSource {
	i.t.Helper()
	i.settle()
	r, err := i.people().GetHrFeed(i.admin, &identityv1.GetHrFeedRequest{})
	if err != nil {
		i.t.Fatal(err)
	}
	for _, s := range r.GetItems() {
		if s.GetSource() == "peoplesoft" {
			return s
		}
	}
	i.t.Fatalf("no such source in %v", r)
	return nil
}

// Covers: OPS-002, IDN-005, IDN-006
func TestWhatAnHrSystemSaysWrongly(t *testing.T) {
	i := install(t)
	h := i.hrSystem()
	first := h.refused("hired", "E1", ada, "HR_SOURCE_UNKNOWN")
	i.pack(1, feedPack)
	list, err := i.people().ListHrQuarantine(i.admin, &identityv1.ListHrQuarantineRequest{})
	if err != nil || len(list.GetItems()) != 1 || list.GetItems()[0].GetEventId() != first {
		t.Fatalf("the quarantine is %v, %v", list, err)
	}
	position := list.GetItems()[0].GetPosition()
	r, err := i.people().RetryHrEvent(i.admin, &identityv1.RetryHrEventRequest{Position: position})
	if err != nil || !r.GetApplied() {
		t.Fatalf("a retry says %v, %v", r, err)
	}
	h.says("accepted", first, "")
	if _, err := i.people().RetryHrEvent(i.admin, &identityv1.RetryHrEventRequest{Position: position}); reason(err) != "HR_EVENT_NOT_QUARANTINED" {
		t.Errorf("a second retry: %v", err)
	}
	for _, c := range []struct{ verb, subject, data, reason string }{
		{"hired", "E2", `{"name":"Bo"}`, "HR_EVENT_INVALID"},                                                      // no day
		{"hired", "E2", `{"effective_date":"2026-11-22"}`, "HR_EVENT_INVALID"},                                    // no name
		{"hired", "E2", `{"name":"Bo","effective_date":"2026-13-22"}`, "HR_EVENT_INVALID"},                        // no such day
		{"hired", "E2", `{"employee_number":"E3","name":"Bo","effective_date":"2026-11-22"}`, "HR_EVENT_INVALID"}, // two people
		{"hired", "E2", `{"name":"Bo","kind":"robot","effective_date":"2026-11-22"}`, "HR_KIND_UNKNOWN"},
		{"hired", "E2", `{"name":"Bo","id_number":"123","effective_date":"2026-11-22"}`, "ID_NUMBER_FORM"},
		{"hired", "E2", `{"name":7,"effective_date":"2026-11-22"}`, "HR_EVENT_INVALID"},
		{"hired", "E 2", `{"name":"Bo","effective_date":"2026-11-22"}`, "HR_EVENT_INVALID"},
		{"hired", "admin", `{"name":"Bo","effective_date":"2026-11-22"}`, "HR_EMPLOYEE_NUMBER_TAKEN"},
		{"hired", "E2", `{"name":"Bo","unit":["1","2","3","4","5","6","7","8","9","10","11"],"effective_date":"2026-11-22"}`, "HR_UNIT_TOO_DEEP"},
		{"moved", "E9", `{"position":"lead","effective_date":"2026-11-22"}`, "PERSON_NOT_EMPLOYED"},
		{"moved", "E1", `{"supervisor":"E1","effective_date":"2026-11-22"}`, "HR_SUPERVISOR_LOOP"},
		{"left", "E9", `{"effective_date":"2026-11-22"}`, "PERSON_NOT_EMPLOYED"},
		{"leaving", "E1", `{}`, "HR_EVENT_INVALID"},
		{"absent", "E1", `{"from":"2026-11-23","until":"2026-11-20"}`, "HR_ABSENCE_INVALID"},
		{"absent", "E1", `{"from":"2026-11-23","deputy":"E1"}`, "HR_DEPUTY_SELF"},
		{"absent", "E1", `{"from":"2026-11-23","until":"2027-11-24","deputy":"E7"}`, "HR_ABSENCE_TOO_LONG"},
		{"absent", "E9", `{"from":"2026-11-23"}`, "PERSON_NOT_EMPLOYED"},
		{"corrected", "E1", `{"corrects":"nothing"}`, "HR_CORRECTS_UNKNOWN"},
		{"promoted", "E1", `{}`, "HR_EVENT_INVALID"},
		{"unit.changed", "总部", `{"change":"painted"}`, "HR_EVENT_INVALID"},
		{"unit.changed", "总部", `{"change":"renamed"}`, "HR_EVENT_INVALID"},
		{"unit.changed", "总部", `{"change":"created","effective_date":"2027-01-01"}`, "HR_UNIT_CHANGE_LATER"},
	} {
		h.refused(c.verb, c.subject, c.data, c.reason)
	}
	// A subject of the bus may hold any bytes: those behind it go on.
	h.next++
	odd := fmt.Sprintf("m-%d", h.next)
	_, payload := event(h.next, odd, "promoted", "E1", `{}`)
	h.publish("hr.people\xffsoft.employee.hired", payload)
	h.publish("hr.peoplesoft.employee.\xff", payload)
	h.says("quarantined", odd, "HR_EVENT_INVALID")
	if s := i.source(); s.GetNextSequence() != int64(h.next)+1 {
		t.Errorf("quarantined events did not use up their numbers: %v", s)
	}
	h.done("hired", "E2", `{"name":"Bo","effective_date":"2026-11-22"}`)
	i.must(&identityv1.ImportSnapshotHeader{Map: []byte(strings.Replace(peopleMap, "peoplesoft", "workday", 1))}, header+"F1,Fay,f@example.com,engineer,总部,,,\n")
	h.refused("moved", "F1", `{"position":"lead","effective_date":"2026-11-22"}`, "HR_FOREIGN_PERSON")
}

// What cannot be taken in is tried again before what comes after it, is named
// meanwhile, and delays nothing once it can.
func TestAPassingFaultDelaysTheHrFeedNoLongerThanItLasts(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()
	owner, err := pgx.Connect(t.Context(), i.options.Database("identity").OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close(t.Context()) }()
	rename := func(from, to string) {
		t.Helper()
		if _, err := owner.Exec(t.Context(), "ALTER TABLE identity."+from+" RENAME TO "+to); err != nil {
			t.Fatal(err)
		}
	}
	rename("hr_waiting", "away")
	first := h.send("hired", "E1", ada)
	second := h.send("dismissed", "E1", `{"effective_date":"2026-11-22"}`)
	i.eventually("the cause is named", func() bool { return len(i.host.Causes()) > 0 })
	rename("away", "hr_waiting")
	h.says("accepted", first, "")
	for a := h.hear(); a.Data.ID != second; a = h.hear() {
		if a.Type == "hr.quarantined.v1" {
			t.Fatalf("answer is %+v", a)
		}
	}
	i.eventually("no cause is left", func() bool { return len(i.host.Causes()) == 0 })
}

// An empty message ends the server's answers to a question for messages, so that
// what comes behind it must not be part of them.
//
// Covers: OPS-002
func TestEmptyMessagesDoNotDelayTheHrFeed(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()
	for range 5 {
		h.publish("hr.peoplesoft.employee.moved", nil)
	}
	h.publish(event(1, "one", "hired", "E1", ada))
	i.within(20*time.Second, 5*time.Millisecond, "all answers", func() bool { // a lost message would come after 30 s
		s, err := h.js.Stream(t.Context(), "HRREPLY")
		return err == nil && s.CachedInfo().State.LastSeq == 6
	})
	for range 5 {
		h.says("quarantined", "", "HR_EVENT_UNREADABLE")
	}
	h.says("accepted", "one", "")
}

// Covers: IDN-009
func TestUnitsChangeByTheHrFeed(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()
	h.done("hired", "E7", `{"name":"Gu","unit":["总部"],"effective_date":"2026-11-22"}`)
	h.done("hired", "E1", ada)
	h.done("unit.changed", "总部/研发部", `{"change":"created"}`)
	h.done("unit.changed", "总部/研发部/平台组", `{"change":"created"}`)
	h.done("hired", "E2", `{"name":"Bo","unit":["总部","研发部","平台组"],"supervisor":"E1","effective_date":"2026-11-22"}`)
	h.done("unit.changed", "总部/研发部", `{"change":"renamed","to":["总部","技术部"],"reason":"new name"}`)
	if e1, e2 := i.person("E1"), i.person("E2"); !slices.Equal(e1.GetUnit(), []string{"总部", "技术部"}) || !slices.Equal(e2.GetUnit(), []string{"总部", "技术部", "平台组"}) {
		t.Fatalf("after the renaming: %v, %v", e1, e2)
	}
	head := func() string {
		i.settle()
		r, err := i.people().FindUnitHead(i.admin, &identityv1.FindUnitHeadRequest{Unit: []string{"总部", "技术部"}})
		if err != nil {
			return reason(err)
		}
		return r.GetEmployeeNumber()
	}
	if got := head(); got != "E1" { // who reports to somebody outside it
		t.Errorf("the head is %s", got)
	}
	h.done("unit.changed", "总部/技术部", `{"change":"head","head":"E2"}`)
	if got := head(); got != "E2" {
		t.Errorf("the head is %s after HR named E2", got)
	}
	h.refused("unit.changed", "总部/研发部", `{"change":"abolished"}`, "HR_UNIT_UNKNOWN")
	h.refused("unit.changed", "总部/技术部", `{"change":"abolished"}`, "HR_UNIT_NOT_EMPTY")
	h.refused("unit.changed", "总部/技术部", `{"change":"moved","to":["总部","技术部","平台组","下"]}`, "HR_UNIT_INSIDE_ITSELF")
	h.done("unit.changed", "总部/市场部", `{"change":"created"}`)
	h.refused("unit.changed", "总部/技术部", `{"change":"renamed","to":["总部","市场部"]}`, "HR_UNIT_EXISTS")
	h.done("unit.changed", "总部/技术部/平台组", `{"change":"merged","to":["总部","市场部"]}`)
	if e2 := i.person("E2"); !slices.Equal(e2.GetUnit(), []string{"总部", "市场部"}) {
		t.Fatalf("after the merger: %v", e2)
	}
	h.done("unit.changed", "总部/空", `{"change":"created"}`)
	h.done("unit.changed", "总部/空", `{"change":"abolished"}`)
	h.done("unit.changed", "总部/市场部", `{"change":"split","to":["总部","市场二部"]}`)
}
