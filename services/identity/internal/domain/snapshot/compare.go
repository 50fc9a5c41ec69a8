package snapshot

import (
	"cmp"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// AbsentReason is why a person who is missing from the file leaves.
const AbsentReason = "absent_from_snapshot"

// Row is one readable row of the file. Details carry no person id yet.
type Row struct {
	// Row is its number, the header being 1.
	Row     int
	Number  string
	Details *identityv1.PersonDetails
	Post    *identityv1.Post
}

// Known is a person as identity knows the person, standing as on the effective
// day.
type Known struct {
	ID       string
	Source   string
	Details  *identityv1.PersonDetails
	Employed bool
	Post     *identityv1.Post
}

// Difference is what a file means.
type Difference struct {
	Changes   []*identityv1.HrChangeTaken
	Joiners   int
	Movers    int
	Leavers   int
	Unchanged int
	Active    int // people of the source who are employed on the day
	// Foreign are rows about people for whom another source speaks.
	Foreign []Row
	// Withheld are people who are missing but were not counted as leavers,
	// because a row could not be told whose it is.
	Withheld int
}

// Comparison is a file against the people.
type Comparison struct {
	Source string
	Rows   []Row
	// Known are all people, of every source, by employee number.
	Known map[string]Known
	// Present are the numbers of rows that were quarantined: their people are
	// in the file.
	Present map[string]bool
	// Unattributed says that some quarantined row names nobody. Then anybody
	// may be behind it, and nobody is taken for a leaver.
	Unattributed bool
	// NewID makes the internal id of a person who is new.
	NewID func() string
}

// Compare finds joiners, movers and leavers.
func (c Comparison) Compare() Difference {
	var d Difference
	seen := map[string]bool{}
	for _, row := range c.Rows {
		seen[row.Number] = true
		c.row(row, &d)
	}
	for _, number := range slices.Sorted(maps.Keys(c.Known)) {
		p := c.Known[number]
		// A person who is expected only later is nobody's leaver today.
		if p.Source != c.Source || !p.Employed {
			continue
		}
		d.Active++
		switch {
		case seen[number] || c.Present[number]:
		case c.Unattributed:
			d.Withheld++
		default:
			d.Leavers++
			d.Changes = append(d.Changes, &identityv1.HrChangeTaken{
				PersonId: p.ID, EmployeeNumber: number, Kind: identityv1.HrChangeKind_HR_CHANGE_KIND_LEAVER, Reason: AbsentReason,
			})
		}
	}
	return d
}

func (c Comparison) row(row Row, d *Difference) {
	p, known := c.Known[row.Number]
	change := &identityv1.HrChangeTaken{
		PersonId: p.ID, EmployeeNumber: row.Number, Row: int32(row.Row),
		Details: proto.CloneOf(row.Details), Post: row.Post, Reason: "snapshot",
	}
	switch {
	case known && p.Source != c.Source:
		d.Foreign = append(d.Foreign, row)
		return
	case !known:
		change.PersonId = c.NewID()
		change.Kind = identityv1.HrChangeKind_HR_CHANGE_KIND_JOINER
		d.Joiners++
	case !p.Employed:
		change.Kind = identityv1.HrChangeKind_HR_CHANGE_KIND_JOINER
		d.Joiners++
	case proto.Equal(p.Post, row.Post) && sameDetails(p.Details, row.Details):
		d.Unchanged++
		return
	default:
		change.Kind = identityv1.HrChangeKind_HR_CHANGE_KIND_MOVER
		d.Movers++
	}
	change.Details.PersonId = change.GetPersonId()
	d.Changes = append(d.Changes, change)
}

// Exceeds tells whether so many of the active people would leave that somebody
// must confirm it.
func (d Difference) Exceeds(guardPercent float64) bool {
	return d.Leavers > 0 && float64(d.Leavers)*100 > guardPercent*float64(d.Active)
}

// sameDetails compares what HR says; the id inside is ours.
func sameDetails(known, said *identityv1.PersonDetails) bool {
	want := proto.CloneOf(said)
	want.PersonId = known.GetPersonId()
	return proto.Equal(known, want)
}

// SortQuarantined puts rows into the order of the file.
func SortQuarantined(rows []*identityv1.QuarantinedRow) {
	slices.SortStableFunc(rows, func(a, b *identityv1.QuarantinedRow) int { return cmp.Compare(a.GetRow(), b.GetRow()) })
}
