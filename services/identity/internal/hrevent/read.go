package hrevent

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ostiary/ostiary/libs/fault"
)

// Event is what could be read of a message.
type Event struct {
	Source   string
	ID       string
	Sequence int64
	// Verb is what happened: hired …, or unit.changed.
	Verb string
	// Subject is an employee number or the path of a unit.
	Subject string
	Time    time.Time
	Data    Data
}

// The verbs.
const (
	Hired           = "hired"
	Moved           = "moved"
	TransferNoticed = "transfer_noticed"
	Leaving         = "leaving"
	Left            = "left"
	Dismissed       = "dismissed"
	WalkedOut       = "walked_out"
	DepartureClosed = "departure_closed"
	Absent          = "absent"
	Returned        = "returned"
	Corrected       = "corrected"
	UnitChanged     = "unit.changed"
)

// verbs are those that concern an employee.
var verbs = map[string]bool{
	Hired: true, Moved: true, TransferNoticed: true, Leaving: true, Left: true, Dismissed: true, WalkedOut: true,
	DepartureClosed: true, Absent: true, Returned: true, Corrected: true,
}

// Why an event goes into quarantine.
var (
	// ErrUnreadable says that the message is no CloudEvent with id and number.
	ErrUnreadable = fault.New(fault.Invalid, "HR_EVENT_UNREADABLE",
		"The message is not a CloudEvents 1.0 JSON object with id (1 to 200 characters) and sequence (a decimal string from 1); mend it and send it again.",
		"消息不是带有 id（1 至 200 个字符）和 sequence（从 1 起的十进制字符串）的 CloudEvents 1.0 JSON，请修正后重新发送。")
	// ErrInvalid says that the event does not say what it must.
	ErrInvalid = fault.New(fault.Invalid, "HR_EVENT_INVALID",
		"The event does not say what it must, or contradicts itself; send a correct one with the next number.",
		"事件缺少必要内容或自相矛盾，请以下一个序号发送正确的事件。")
)

var decimal = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// maxID bounds ids.
const maxID = 200

// cloudEvent is the envelope on the wire.
type cloudEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"`
	Time        string          `json:"time"`
	Sequence    string          `json:"sequence"`
	Data        json.RawMessage `json:"data"`
}

// Source is the source that a subject of the bus names, "" if it is none of
// ours.
func Source(subject string) string {
	parts := strings.SplitN(subject, ".", 3)
	if len(parts) < 3 || parts[0] != "hr" || !source.MatchString(parts[1]) {
		return ""
	}
	return parts[1]
}

// source is what the name of a source is made of, as of one that imports files.
var source = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$`)

// unknownVerb stands for one that is not in the contract: a subject of the bus
// may hold any bytes.
const unknownVerb = "unknown"

// Read reads a message. An event that can be identified and is wrong in
// something else comes back with the second error set: it uses up its number.
func Read(subject string, payload []byte) (e Event, unreadable, wrong *fault.Fault) {
	e.Source = Source(subject)
	_, what, _ := strings.Cut(strings.TrimPrefix(subject, "hr."), ".")
	if e.Verb = strings.TrimPrefix(what, "employee."); what != UnitChanged && !verbs[e.Verb] {
		e.Verb = unknownVerb
	}
	var c cloudEvent
	if !utf8.Valid(payload) || json.Unmarshal(payload, &c) != nil ||
		c.ID == "" || utf8.RuneCountInString(c.ID) > maxID || strings.ContainsFunc(c.ID, control) || !decimal.MatchString(c.Sequence) {
		return e, ErrUnreadable, nil
	}
	e.ID, e.Subject = c.ID, c.Subject
	e.Sequence, _ = strconv.ParseInt(c.Sequence, 10, 64) // decimal fits
	return e, nil, e.check(c, what)
}

// check looks at everything but id and number.
func (e *Event) check(c cloudEvent, what string) *fault.Fault {
	at, err := time.Parse(time.RFC3339, c.Time)
	switch {
	case c.SpecVersion != "1.0":
		return ErrInvalid.With("field", "specversion")
	case c.Source != "hr/"+e.Source:
		return ErrInvalid.With("field", "source")
	case what != UnitChanged && (!strings.HasPrefix(what, "employee.") || !verbs[e.Verb]):
		return ErrInvalid.With("field", "verb")
	case c.Type != "hr."+what+".v1":
		return ErrInvalid.With("field", "type")
	case err != nil:
		return ErrInvalid.With("field", "time")
	case c.Subject == "" || utf8.RuneCountInString(c.Subject) > maxID || strings.ContainsFunc(c.Subject, control):
		return ErrInvalid.With("field", "subject")
	}
	e.Time = at.UTC()
	if len(c.Data) == 0 {
		return ErrInvalid.With("field", "data")
	}
	if why := e.Data.read(c.Data); why != nil {
		return why
	}
	if n := e.Data.EmployeeNumber; what != UnitChanged && n.Given && n.Value != e.Subject {
		return ErrInvalid.With("field", "data.employee_number")
	}
	return nil
}

func control(r rune) bool { return r < ' ' || r == 0x7f }
