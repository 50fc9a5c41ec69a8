// Package output turns answers and refusals into what a person or a program
// reads. Answers go to one writer, refusals and progress to another.
package output

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

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
}

var marshal = protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}

// Say chooses the sentence in the reader's language.
func (p *Printer) Say(zh, en string) string {
	if p.Chinese {
		return zh
	}
	return en
}

// Line prints one line of text; nothing with --json.
func (p *Printer) Line(zh, en string, args ...any) {
	if !p.JSON {
		fmt.Fprintf(p.Out, p.Say(zh, en)+"\n", args...)
	}
}

// Message prints an answer as one line of JSON, or by the given function.
func (p *Printer) Message(m proto.Message, text func()) error {
	if !p.JSON {
		text()
		return nil
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
	return enc.Encode(fields)
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

// Table prints rows under a heading, columns aligned.
func (p *Printer) Table(heading []string, rows [][]string) {
	w := tabwriter.NewWriter(p.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(heading, "\t"))
	for _, r := range rows {
		for i, cell := range r {
			r[i] = printable(cell)
		}
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	_ = w.Flush()
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
