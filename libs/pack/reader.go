package pack

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader walks YAML nodes and collects what is wrong with them.
type reader struct {
	source   []string // the lines of the body
	problems []Problem

	targets   []string
	functions []string
	grants    []string
	known     map[string]bool // of grants
	env       *environments
}

// refuse records a problem at a node; both messages take the same arguments.
func (r *reader) refuse(n *yaml.Node, en, zh string, args ...any) {
	r.refuseAt(n.Line, n.Column, fmt.Sprintf(en, args...), fmt.Sprintf(zh, args...))
}

func (r *reader) refuseAt(line, column int, en, zh string) {
	r.problems = append(r.problems, Problem{Line: max(1, line), Column: max(1, column), Message: en, MessageZH: zh})
}

// field is one key of a mapping and how its value is read.
type field struct {
	name string
	need need
	read func(*yaml.Node)
}

type need bool

const (
	required need = true
	optional need = false
)

// mapping reads the keys of n in the order of fields.
func (r *reader) mapping(n *yaml.Node, fields ...field) {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	if n.Kind != yaml.MappingNode {
		keys := strings.Join(names, ", ")
		r.refuse(n, "expected a mapping with the keys %s", "此处应为映射，键为：%s", keys)
		return
	}
	values := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case !slices.Contains(names, key.Value) || key.Kind != yaml.ScalarNode:
			en, zh := meant(key.Value, names)
			r.refuseAt(key.Line, key.Column, fmt.Sprintf("unknown key %q", key.Value)+en, fmt.Sprintf("未知的键“%s”", key.Value)+zh)
		case values[key.Value] != nil:
			r.refuse(key, "the key %q is given twice", "键“%s”重复", key.Value)
		default:
			values[key.Value] = n.Content[i+1]
		}
	}
	for _, f := range fields {
		switch v := values[f.name]; {
		case v != nil:
			f.read(v)
		case f.need == required:
			r.refuse(n, "%q is missing", "缺少“%s”", f.name)
		}
	}
}

// list reads each element of a sequence that is not empty.
func (r *reader) list(read func(i int, n *yaml.Node)) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.SequenceNode {
			r.refuse(n, "expected a list", "此处应为列表")
			return
		}
		for i, e := range n.Content {
			read(i, e)
		}
	}
}

// filled is a list with at least so many elements.
func (r *reader) filled(least int, read func(i int, n *yaml.Node)) func(*yaml.Node) {
	all := r.list(read)
	return func(n *yaml.Node) {
		if n.Kind == yaml.SequenceNode && len(n.Content) < least {
			r.refuse(n, "the list needs at least %d", "列表至少需要 %d 项", least)
		}
		all(n)
	}
}

// text reads a string that is not blank.
func (r *reader) text(dst *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
			r.refuse(n, "expected text; put it in quotes if it is meant as text", "此处应为文本；若确为文本，请加引号")
			return
		}
		if strings.TrimSpace(n.Value) == "" || n.Value != strings.TrimSpace(n.Value) {
			r.refuse(n, "the text is blank or has blanks around it", "文本为空或首尾有空格")
			return
		}
		*dst = n.Value
	}
}

// matching reads a string of a certain form. Digits need no quotes: the text
// is taken as it is written.
func (r *reader) matching(dst *string, form *regexp.Regexp, en, zh string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		tag := n.ShortTag()
		if n.Kind != yaml.ScalarNode || (tag != "!!str" && tag != "!!int") || !form.MatchString(n.Value) {
			r.refuseAt(n.Line, n.Column, "expected "+en, "此处应为"+zh)
			return
		}
		*dst = n.Value
	}
}

var (
	idForm     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	personForm = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,39}$`)
	levelForm  = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}_-]{0,19}$`)
)

// id reads an identifier and refuses one that seen already has.
func (r *reader) id(dst *string, seen map[string]bool) func(*yaml.Node) {
	read := r.matching(dst, idForm,
		"an id of a–z, 0–9 and - with at most 40 characters", "标识：由 a–z、0–9 和 - 组成，最多 40 个字符")
	return func(n *yaml.Node) {
		read(n)
		r.unique(n, *dst, seen)
	}
}

// unique refuses a value that was there before.
func (r *reader) unique(n *yaml.Node, value string, seen map[string]bool) {
	if value != "" && seen[value] {
		r.refuse(n, "%q is there twice", "“%s”重复", value)
	}
	seen[value] = true
}

func (r *reader) person(dst *string) func(*yaml.Node) {
	return r.matching(dst, personForm, "an employee number", "工号")
}

// oneOf reads one of a few names.
func (r *reader) oneOf(dst *string, what, whatZH string, known ...string) func(*yaml.Node) {
	read := r.text(dst)
	return func(n *yaml.Node) {
		if read(n); *dst != "" && !slices.Contains(known, *dst) {
			en, zh := meant(*dst, known)
			r.refuseAt(n.Line, n.Column, fmt.Sprintf("there is no %s %q", what, *dst)+en, fmt.Sprintf("没有%s“%s”", whatZH, *dst)+zh)
		}
	}
}

func (r *reader) number(dst *int64) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, err := strconv.ParseInt(n.Value, 10, 32)
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || v < 1 {
			r.refuse(n, "expected a whole number from 1", "此处应为不小于 1 的整数")
			return
		}
		*dst = v
	}
}

func (r *reader) yes(dst *bool) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
			r.refuse(n, "expected true or false", "此处应为 true 或 false")
			return
		}
		*dst = strings.EqualFold(n.Value, "true")
	}
}

func (r *reader) duration(dst *Duration) func(*yaml.Node) {
	return func(n *yaml.Node) {
		d, ok := ParseDuration(n.Value)
		if n.Kind != yaml.ScalarNode || !ok {
			r.refuse(n, "expected a duration such as 24h, 365d, 2w or 2wd (working days)", "此处应为时长，例如 24h、365d、2w 或 2wd（工作日）")
			return
		}
		*dst = d
	}
}

// fixed is a duration without working days, for what no calendar counts.
func (r *reader) fixed(dst *Duration) func(*yaml.Node) {
	read := r.duration(dst)
	return func(n *yaml.Node) {
		read(n)
		if _, ok := dst.Fixed(); !ok {
			r.refuse(n, "working days cannot be used here; write h, d or w", "此处不能使用工作日，请改用 h、d 或 w")
		}
	}
}
