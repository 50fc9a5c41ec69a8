package hrevent

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/ostiary/ostiary/libs/fault"
)

// Field is a field of the data: absent, null, or a value. Absent leaves what is
// known unchanged, null clears it.
type Field[T any] struct {
	Given bool
	Value T
}

// UnmarshalJSON notes that the field was there.
func (f *Field[T]) UnmarshalJSON(b []byte) error {
	f.Given = true
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	return json.Unmarshal(b, &f.Value)
}

// Or is the value if the field was there, else what is known.
func (f Field[T]) Or(known T) T {
	if f.Given {
		return f.Value
	}
	return known
}

// Data is what an event says, as applies.
type Data struct {
	EmployeeNumber Field[string]   `json:"employee_number"`
	Name           Field[string]   `json:"name"`
	Email          Field[string]   `json:"email"`
	Phone          Field[string]   `json:"phone"`
	IDNumber       Field[string]   `json:"id_number"`
	Kind           Field[string]   `json:"kind"`
	Unit           Field[[]string] `json:"unit"`
	Position       Field[string]   `json:"position"`
	Supervisor     Field[string]   `json:"supervisor"`
	// Attributes change those that they name; null clears one.
	Attributes    Field[map[string]*string] `json:"attributes"`
	EffectiveDate Field[string]             `json:"effective_date"`
	LastDay       Field[string]             `json:"last_day"`
	Reason        Field[string]             `json:"reason"`
	From          Field[string]             `json:"from"`
	Until         Field[string]             `json:"until"`
	Deputy        Field[string]             `json:"deputy"`
	// Corrects is the id of the event that said it wrongly.
	Corrects Field[string]   `json:"corrects"`
	Change   Field[string]   `json:"change"`
	To       Field[[]string] `json:"to"`
	Head     Field[string]   `json:"head"`
}

const (
	maxText = 500
	maxList = 64
)

func (d *Data) read(raw []byte) *fault.Fault {
	err := json.Unmarshal(raw, d)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return ErrInvalid.With("field", "data."+kind.Field)
	case err != nil:
		return ErrInvalid.With("field", "data")
	}
	for name, value := range map[string]*Field[string]{
		"name": &d.Name, "email": &d.Email, "phone": &d.Phone, "id_number": &d.IDNumber, "kind": &d.Kind, "position": &d.Position,
		"supervisor": &d.Supervisor, "effective_date": &d.EffectiveDate, "last_day": &d.LastDay, "reason": &d.Reason, "from": &d.From,
		"until": &d.Until, "deputy": &d.Deputy, "corrects": &d.Corrects, "change": &d.Change, "head": &d.Head,
	} {
		value.Value = strings.TrimSpace(value.Value)
		if !plain(value.Value) {
			return ErrInvalid.With("field", "data."+name)
		}
	}
	for name, list := range map[string][]string{"unit": d.Unit.Value, "to": d.To.Value} {
		for i := range list {
			if list[i] = strings.TrimSpace(list[i]); list[i] == "" || !plain(list[i]) || len(list) > maxList {
				return ErrInvalid.With("field", "data."+name)
			}
		}
	}
	if len(d.Attributes.Value) > maxList {
		return ErrInvalid.With("field", "data.attributes")
	}
	for key, value := range d.Attributes.Value {
		if key == "" || !plain(key) || value != nil && !plain(*value) {
			return ErrInvalid.With("field", "data.attributes")
		}
	}
	return nil
}

// plain tells whether a text is short and without control characters.
func plain(s string) bool {
	return utf8.RuneCountInString(s) <= maxText && !strings.ContainsFunc(s, control)
}
