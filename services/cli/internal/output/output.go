// Package output turns answers and refusals into what a person or a program
// reads. Answers go to one writer, refusals and progress to another.
package output

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Printer writes answers in the chosen form and language.
type Printer struct {
	Out  io.Writer
	Err  io.Writer
	JSON bool
	// Chinese chooses between the two languages of every sentence.
	Chinese bool
	// Zone is in which the instants of a refusal are shown; as they came if nil.
	Zone *time.Location
}

var marshal = protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}

// Say chooses the sentence in the reader's language.
func (p *Printer) Say(zh, en string) string {
	if p.Chinese {
		return zh
	}
	return en
}

// Line prints one line of text; nothing with --json. Arguments are stored text
// and may not play with the terminal.
func (p *Printer) Line(zh, en string, args ...any) {
	if p.JSON {
		return
	}
	shown := make([]any, len(args))
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			arg = printable(text)
		}
		shown[i] = arg
	}
	p.write(fmt.Sprintf(p.Say(zh, en)+"\n", shown...))
}

// Text prints text of several lines as it is, control characters aside; it ends
// its last line.
func (p *Printer) Text(body []byte) {
	for line := range strings.Lines(string(body)) {
		p.write(printable(strings.TrimRight(line, "\r\n")) + "\n")
	}
}

// write writes text. Whether all of it was written is asked once, at the end:
// see Writer.
func (p *Printer) write(text string) { _, _ = io.WriteString(p.Out, text) }

// Failure is why the answer is incomplete; nil if it is not, or if nobody looks.
func (p *Printer) Failure() error {
	if w, ok := p.Out.(*Writer); ok {
		return w.Failure()
	}
	return nil
}

// Message prints an answer as one line of JSON, or by the given function.
func (p *Printer) Message(m proto.Message, text func()) error {
	if !p.JSON {
		text()
		return p.Failure()
	}
	fields, err := Fields(m)
	if err != nil {
		return err
	}
	return p.Object(fields)
}

// Object prints one line of JSON.
func (p *Printer) Object(fields map[string]any) error {
	enc := json.NewEncoder(p.Out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields); err != nil {
		return cmp.Or(p.Failure(), err)
	}
	return nil
}

// Fields is an answer as protojson with proto field names, unpopulated fields
// included, ready to be completed.
func Fields(m proto.Message) (map[string]any, error) {
	b, err := marshal.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	var fields map[string]any
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return fields, nil
}

// printable keeps control characters of stored text away from the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '�'
		}
		return r
	}, s)
}
