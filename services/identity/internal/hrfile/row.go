package hrfile

import (
	"cmp"
	"slices"
	"strings"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/identity/internal/domain/snapshot"
)

// Why a row is quarantined.
var (
	// ErrEncoding says that the bytes are no text in the encoding of the map.
	ErrEncoding = fault.New(fault.Invalid, "HR_ROW_ENCODING",
		"The row is not text in the encoding of the map; set encoding: gbk (or utf-8) or mend the row.",
		"该行不是映射所声明编码的文本，请设置 encoding: gbk（或 utf-8）或修正该行。")
	// ErrIncomplete says that a field that every person has is empty.
	ErrIncomplete = fault.New(fault.Invalid, "HR_ROW_INCOMPLETE",
		"The row lacks fields, or employee number or name is empty; complete it in HR.",
		"该行字段不全，或工号、姓名为空，请在人事系统中补全。")
	// ErrNumber says that the employee number cannot be an account.
	ErrNumber = fault.New(fault.Invalid, "HR_EMPLOYEE_NUMBER_INVALID",
		"An employee number is 1 to 48 letters, digits, dots, hyphens and underscores; correct it in HR.",
		"工号须为 1 至 48 个字母、数字、点、连字符或下划线，请在人事系统中更正。")
	// ErrDuplicate says that the number occurs twice.
	ErrDuplicate = fault.New(fault.Invalid, "HR_DUPLICATE_EMPLOYEE",
		"The employee number occurs more than once in the file; keep one row.",
		"该工号在文件中重复出现，请只保留一行。")
	// ErrKind says that the kind of person is none that is known.
	ErrKind = fault.New(fault.Invalid, "HR_KIND_UNKNOWN",
		"The kind is employee, intern, temporary, outsourced or third_party; correct it or set it under constants.",
		"人员类别须为 employee、intern、temporary、outsourced 或 third_party，请更正或在 constants 中设置。")
)

// Kinds are the kinds of people (IDN-006); the first is the usual one.
var Kinds = []string{"employee", "intern", "temporary", "outsourced", "third_party"}

// maxDetail bounds what a complaint quotes; a loop may have thousands of
// members.
const maxDetail = 200

// Quarantine says why a row was not taken, without its content.
func Quarantine(row int, number string, why *fault.Fault) *identityv1.QuarantinedRow {
	message := why.Message
	if d := []rune(why.Details["detail"]); len(d) > maxDetail {
		message += " (" + string(d[:maxDetail]) + "…)"
	} else if len(d) > 0 {
		message += " (" + string(d) + ")"
	}
	return &identityv1.QuarantinedRow{Row: int32(row), EmployeeNumber: number, Reason: why.Reason, Message: message}
}

// row reads a record. number is "" or invalid if it cannot be an account.
func (l layout) row(row int, number string, record []string) (snapshot.Row, *identityv1.QuarantinedRow) {
	refuse := func(why *fault.Fault) (snapshot.Row, *identityv1.QuarantinedRow) {
		if _, ok := l.number(record); !ok {
			number = ""
		}
		return snapshot.Row{}, Quarantine(row, number, why)
	}
	if len(record) != l.width {
		return refuse(ErrIncomplete)
	}
	text := make([]string, len(record))
	for _, i := range l.used() {
		var ok bool
		if text[i], ok = l.decode(record[i]); !ok {
			return refuse(ErrEncoding.With("detail", l.names[i]))
		}
	}
	field := func(name string) string {
		if i, ok := l.index[name]; ok {
			return text[i]
		}
		return l.Constants[name]
	}
	details := &identityv1.PersonDetails{
		Name: field("name"), Email: field("email"), Phone: field("phone"), IdNumber: field("id_number"), Kind: field("kind"),
	}
	if details.GetKind() == "" {
		details.Kind = Kinds[0]
	}
	_, valid := l.number(record)
	switch {
	case text[l.index["employee_number"]] == "":
		return refuse(ErrIncomplete.With("detail", l.Columns["employee_number"]))
	case details.GetName() == "":
		return refuse(ErrIncomplete.With("detail", l.Columns["name"]))
	case !valid:
		return refuse(ErrNumber.With("detail", l.Columns["employee_number"]))
	case !slices.Contains(Kinds, details.GetKind()):
		return refuse(ErrKind.With("detail", cmp.Or(l.Columns["kind"], "constants.kind")))
	}
	return snapshot.Row{Row: row, Number: number, Details: details, Post: l.post(text, field)}, nil
}

// post reads the post. The supervisor is as the file has it: Check turns it
// into a number.
func (l layout) post(text []string, field func(string) string) *identityv1.Post {
	p := &identityv1.Post{Position: field("position"), Attributes: map[string]string{}}
	for _, i := range l.unit {
		if text[i] != "" {
			p.Unit = append(p.Unit, text[i])
		}
	}
	if l.supervisor >= 0 {
		p.Supervisor = text[l.supervisor]
	}
	for _, from := range []map[string]string{l.Columns, l.Constants} {
		for name := range from {
			if key, ok := strings.CutPrefix(name, "attributes."); ok && field(name) != "" {
				p.Attributes[key] = field(name)
			}
		}
	}
	return p
}

// used are the columns that matter; what stands in others is not looked at.
func (l layout) used() []int {
	used := slices.Clone(l.unit)
	for _, i := range l.index {
		used = append(used, i)
	}
	if l.supervisor >= 0 {
		used = append(used, l.supervisor)
	}
	return used
}
