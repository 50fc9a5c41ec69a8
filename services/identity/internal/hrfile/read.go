package hrfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/snapshot"
)

// Limits of a file, checked before and while it is cut into fields.
const (
	MaxBytes      = 32 << 20
	MaxRows       = 200_000
	MaxFieldBytes = 4 << 10
)

// The refusals of a file.
var (
	// ErrTooLarge says that the file exceeds a limit.
	ErrTooLarge = fault.New(fault.Invalid, "HR_FILE_TOO_LARGE",
		"The file is larger than 32 MiB or 200,000 rows, or a field is longer than 4 KiB; split the file by source.",
		"文件超过 32 MiB 或 20 万行，或字段超过 4 KiB，请按数据源拆分文件。")
	// ErrUnreadable says that the file is no CSV.
	ErrUnreadable = fault.New(fault.Invalid, "HR_FILE_UNREADABLE",
		"The file is not a CSV file with a header; see the detail \"problem\".",
		"文件不是带表头的 CSV，请查看 problem 的说明。")
	// ErrColumn says that the file lacks a column of the map.
	ErrColumn = fault.New(fault.Invalid, "HR_COLUMN_MISSING",
		"The file lacks a column that the map names; mend the map or, if the header is unreadable, set encoding: gbk.",
		"文件缺少映射中的列，请修改映射；如表头乱码，请设置 encoding: gbk。")
)

// File is what was read.
type File struct {
	// Rows can be taken.
	Rows []snapshot.Row
	// Quarantined cannot.
	Quarantined []*identityv1.QuarantinedRow
	// Warnings do not stop anything.
	Warnings []*identityv1.ImportWarning
}

// Read reads a file. Supervisors and units are looked at by Check, which needs
// to know who else is there.
func Read(file []byte, m Map) (File, error) {
	if len(file) > MaxBytes || bytes.Count(file, []byte("\n")) > MaxRows {
		return File{}, ErrTooLarge
	}
	r := csv.NewReader(bytes.NewReader(withoutMark(file)))
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	decode := decoderOf(m.Encoding)
	header, err := r.Read()
	if err != nil {
		return File{}, ErrUnreadable.With("problem", unreadable(err))
	}
	layout, err := m.layout(header, decode)
	if err != nil {
		return File{}, err
	}
	out := File{}
	seen := map[string]int{}
	for row := 2; ; row++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return File{}, ErrUnreadable.With("problem", unreadable(err))
		}
		if slices.ContainsFunc(record, func(f string) bool { return len(f) > MaxFieldBytes }) {
			return File{}, ErrTooLarge.With("row", strconv.Itoa(row))
		}
		out.add(layout, row, record, seen)
	}
	return out.withoutDuplicates(seen), nil
}

// add reads one record into a row or quarantines it.
func (f *File) add(l layout, row int, record []string, seen map[string]int) {
	number, ok := l.number(record)
	if ok {
		seen[number]++
	}
	r, q := l.row(row, number, record)
	if q != nil {
		f.Quarantined = append(f.Quarantined, q)
		return
	}
	f.Rows = append(f.Rows, r)
}

// withoutDuplicates quarantines every row whose number occurs twice: nobody can
// know which one HR means.
func (f File) withoutDuplicates(seen map[string]int) File {
	f.Rows = slices.DeleteFunc(f.Rows, func(r snapshot.Row) bool {
		if seen[r.Number] < 2 {
			return false
		}
		f.Quarantined = append(f.Quarantined, Quarantine(r.Row, r.Number, ErrDuplicate))
		return true
	})
	return f
}

// layout is where in a record the fields stand.
type layout struct {
	Map
	decode     decoder
	width      int
	names      []string // as the header has them
	index      map[string]int
	unit       []int
	supervisor int
}

func (m Map) layout(header []string, decode decoder) (layout, error) {
	names := make([]string, len(header))
	for i, h := range header {
		names[i], _ = decode(h) // an unreadable name matches no column
	}
	find := func(column string) (int, error) {
		i := slices.Index(names, column)
		switch {
		case i < 0:
			return 0, ErrColumn.With("column", column)
		case slices.Index(names[i+1:], column) >= 0:
			return 0, ErrUnreadable.With("problem", fmt.Sprintf("the column %q occurs twice", column))
		}
		return i, nil
	}
	l := layout{Map: m, decode: decode, width: len(header), names: names, index: map[string]int{}, supervisor: -1}
	var err error
	for field, column := range m.Columns {
		if l.index[field], err = find(column); err != nil {
			return l, err
		}
	}
	for _, column := range m.Unit {
		i, err := find(column)
		if err != nil {
			return l, err
		}
		l.unit = append(l.unit, i)
	}
	if m.Supervisor != "" {
		if l.supervisor, err = find(m.Supervisor); err != nil {
			return l, err
		}
	}
	return l, nil
}

// number is the employee number of a record, if it can be one.
func (l layout) number(record []string) (string, bool) {
	i := l.index["employee_number"]
	if i >= len(record) {
		return "", false
	}
	number, ok := l.decode(record[i])
	return number, ok && account.ValidName(number)
}

func unreadable(err error) string {
	var p *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return "the file is empty"
	case errors.As(err, &p):
		return fmt.Sprintf("line %d column %d: %v", p.Line, p.Column, p.Err)
	}
	return strings.ToValidUTF8(err.Error(), "?")
}
