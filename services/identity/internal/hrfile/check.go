package hrfile

import (
	"maps"
	"slices"
	"strings"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/identity/internal/domain/orgchart"
	"github.com/ostiary/ostiary/services/identity/internal/domain/snapshot"
)

// Why a row is quarantined because of others.
var (
	// ErrUnitCycle says that units are each other's ancestors.
	ErrUnitCycle = fault.New(fault.Refused, "HR_UNIT_CYCLE",
		"A unit of this row is, by the paths of the file together, its own ancestor; correct the units in HR.",
		"按文件中的部门路径，该行的部门成为自身的上级，请在人事系统中更正。")
	// ErrSupervisorLoop says that somebody is the own supervisor.
	ErrSupervisorLoop = fault.New(fault.Refused, "HR_SUPERVISOR_LOOP",
		"These people supervise each other in a circle; correct one supervisor in HR.",
		"这些人员互为上级形成循环，请在人事系统中更正其中一位的上级。")
	// ErrNumberTaken says that the number is an account of an operator.
	ErrNumberTaken = fault.New(fault.Refused, "HR_EMPLOYEE_NUMBER_TAKEN",
		"An operator account has this name; give the operator another account first.",
		"该工号与操作员账号同名，请先更换操作员账号。")
)

// Warnings.
const (
	SupervisorUnknown   = "HR_SUPERVISOR_UNKNOWN"
	SupervisorAmbiguous = "HR_SUPERVISOR_AMBIGUOUS"
	PositionUnknown     = "HR_POSITION_UNKNOWN"
)

// Surroundings are what a file is checked against.
type Surroundings struct {
	// People are all who work here on the day, by employee number.
	People map[string]Colleague
	// Operators are accounts that are not of employees.
	Operators map[string]bool
	// Positions are the positions of the pack in force; nil if there is none.
	Positions map[string]bool
	// Today is the day by which nobody is born later.
	Today calendar.Date
}

// Colleague is somebody who is known.
type Colleague struct {
	Name string
	// Supervisor is an employee number, "" for none.
	Supervisor string
	// Foreign says that another HR source speaks for the person.
	Foreign bool
}

// Check finds what only shows in the whole: supervisors, units, positions.
func (f File) Check(m Map, s Surroundings) File {
	f = f.quarantine(func(r snapshot.Row) *fault.Fault {
		switch {
		case s.Operators[r.Number]:
			return ErrNumberTaken
		case len(r.Post.GetUnit()) > orgchart.MaxLevels:
			return orgchart.ErrTooDeep
		}
		return nil
	})
	f = f.documents(m, s.Today)
	f = f.units()
	f = f.supervisors(m, s)
	f = f.loops(s)
	if s.Positions != nil {
		f.positions(s.Positions)
	}
	slices.SortFunc(f.Warnings, func(a, b *identityv1.ImportWarning) int {
		return strings.Compare(a.GetReason()+a.GetSubject(), b.GetReason()+b.GetSubject())
	})
	return f
}

// quarantine takes out every row to which there is an objection.
func (f File) quarantine(objection func(snapshot.Row) *fault.Fault) File {
	var rows []snapshot.Row
	for _, r := range f.Rows {
		if why := objection(r); why != nil {
			f.Quarantined = append(f.Quarantined, Quarantine(r.Row, r.Number, why))
			continue
		}
		rows = append(rows, r)
	}
	f.Rows = rows
	return f
}

func (f File) units() File {
	paths := make([][]string, len(f.Rows))
	for i, r := range f.Rows {
		paths[i] = r.Post.GetUnit()
	}
	cycles := snapshot.UnitCycles(paths)
	return f.quarantine(func(r snapshot.Row) *fault.Fault {
		for _, c := range cycles {
			if c.Concerns(r.Post.GetUnit()) {
				return ErrUnitCycle.With("detail", strings.Join(c.Names, ", "))
			}
		}
		return nil
	})
}

// supervisors turns what the file says into employee numbers. Whoever cannot be
// found leaves the post without supervisor, with a warning: rights follow from
// the position, and what needs a signature says later that nobody can sign.
func (f File) supervisors(m Map, s Surroundings) File {
	here := map[string]bool{}
	for _, r := range f.Rows {
		here[r.Number] = true
	}
	byName := f.names(s, here)
	unknown, ambiguous := map[string]int32{}, map[string]int32{}
	for _, r := range f.Rows {
		said := r.Post.GetSupervisor()
		if said == "" {
			continue
		}
		_, known := s.People[said]
		found := byName[said]
		switch {
		case !m.SupervisorByName && (here[said] || known):
		case m.SupervisorByName && len(found) == 1:
			r.Post.Supervisor = found[0]
		case m.SupervisorByName && len(found) > 1:
			r.Post.Supervisor = ""
			ambiguous[said]++
		default:
			r.Post.Supervisor = ""
			unknown[said]++
		}
	}
	f.warn(SupervisorUnknown, unknown, "Nobody of this name or number is in the file or known; the people have no supervisor until it is corrected.",
		"文件与现有人员中均无此姓名或工号；更正之前，这些人员没有上级。")
	f.warn(SupervisorAmbiguous, ambiguous, "Several people have this name; set match: number for the supervisor.",
		"有多人同名；请将上级的 match 设为 number。")
	return f
}

// names are the people whom a name may mean: those of the file, and of those who
// are known whoever stays, because the row is quarantined or another source
// speaks for the person. A spoilt row of a superior takes nobody's superior away.
func (f File) names(s Surroundings, here map[string]bool) map[string][]string {
	byName := map[string][]string{}
	for _, r := range f.Rows {
		byName[r.Details.GetName()] = append(byName[r.Details.GetName()], r.Number)
	}
	spoilt := map[string]bool{}
	for _, q := range f.Quarantined {
		spoilt[q.GetEmployeeNumber()] = true // "" if the row could be anybody's
	}
	for _, number := range slices.Sorted(maps.Keys(s.People)) {
		p := s.People[number]
		if !here[number] && (p.Foreign || spoilt[number] || spoilt[""]) {
			byName[p.Name] = append(byName[p.Name], number)
		}
	}
	return byName
}

func (f File) loops(s Surroundings) File {
	supervisor := map[string]string{}
	for number, p := range s.People {
		supervisor[number] = p.Supervisor
	}
	for _, r := range f.Rows {
		supervisor[r.Number] = r.Post.GetSupervisor()
	}
	loop := map[string]string{}
	for _, l := range snapshot.Loops(supervisor) {
		for _, number := range l {
			loop[number] = strings.Join(append(slices.Clone(l), l[0]), " → ")
		}
	}
	return f.quarantine(func(r snapshot.Row) *fault.Fault {
		if l, ok := loop[r.Number]; ok {
			return ErrSupervisorLoop.With("detail", l)
		}
		return nil
	})
}

func (f *File) positions(known map[string]bool) {
	unknown := map[string]int32{}
	for _, r := range f.Rows {
		if p := r.Post.GetPosition(); p != "" && !known[p] {
			unknown[p]++
		}
	}
	f.warn(PositionUnknown, unknown, "No line of the position matrix names this position; these people get no birthright from it.",
		"岗位矩阵中没有任何一行包含此岗位；这些人员不会由此获得岗位授权。")
}

func (f *File) warn(reason string, people map[string]int32, en, zh string) {
	for _, subject := range slices.Sorted(maps.Keys(people)) {
		f.Warnings = append(f.Warnings, &identityv1.ImportWarning{Reason: reason, Subject: subject, People: people[subject], Message: en, MessageZh: zh})
	}
}
