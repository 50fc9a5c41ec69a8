package pack

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	// MaxBytes is the size limit of a pack; it has to fit into one event.
	MaxBytes = 448 << 10
	// maxProblems is how many problems are told at once.
	maxProblems = 100
)

// Parse reads a pack. If there are problems, the pack is nil and the first
// hundred are told in the order of the text.
//
// Signers are "supervisor", "unit_head", "role_owner", "function:NAME" and
// "employee:NR".
func Parse(body []byte) (*Pack, []Problem) {
	env, err := newEnvironments()
	if err != nil { // a defect of this package, not of the pack
		return nil, []Problem{{Line: 1, Column: 1, Message: err.Error(), MessageZH: err.Error()}}
	}
	r := &reader{source: strings.Split(string(body), "\n"), env: env, known: map[string]bool{}}
	root := r.document(body)
	if root == nil {
		return nil, r.problems
	}
	p := &Pack{PasswordProfile: "cn-classic", Clearance: Clearance{Departure: []string{"default"}, Transfer: []string{"default"}}}
	r.plain(root)
	if len(r.problems) == 0 {
		r.pack(root, p)
	}
	if len(r.problems) > 0 {
		sortProblems(r.problems)
		return nil, r.problems[:min(len(r.problems), maxProblems)]
	}
	return p, nil
}

// pack reads what is named elsewhere first, so that names can be checked.
func (r *reader) pack(root *yaml.Node, p *Pack) {
	r.mapping(root,
		field{"version", required, r.number(&p.Version)},
		field{"effective", required, r.instant(&p.Effective)},
		field{"targets", optional, r.readTargets(&p.Targets)},
		field{"functions", optional, r.readFunctions(&p.Functions)},
		field{"applications", optional, r.readApplications(p)},
		field{"sources", optional, r.readSources(&p.Sources)},
		field{"units", optional, r.readUnits(&p.Units)},
		field{"matrix", optional, r.readMatrix(p)},
		field{"duty_rules", optional, r.readDutyRules(&p.DutyRules)},
		field{"routes", optional, r.readRoutes(p)},
		field{"escalation", optional, r.readEscalation(&p.Escalation)},
		field{"clearance", optional, r.readClearance(&p.Clearance)},
		field{"password_profile", optional, r.oneOf(&p.PasswordProfile, "password profile", "口令方案", "cn-classic", "mlps-3", "nist-800-63b")},
	)
}

var lineOfError = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// document returns the root node of the only document, or nil after recording
// why there is none.
func (r *reader) document(body []byte) *yaml.Node {
	if len(body) > MaxBytes {
		r.refuseAt(1, 1, "the pack is larger than 448 KiB; shorten it", "策略包超过 448 KiB，请缩短")
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(body))
	var doc, more yaml.Node
	err := d.Decode(&doc)
	if err == nil {
		if next := d.Decode(&more); next == nil {
			r.refuse(&more, "a pack is one YAML document; remove the second", "策略包只能包含一个 YAML 文档，请删除第二个")
			return nil
		} else if !errors.Is(next, io.EOF) {
			err = next
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		r.refuseAt(1, 1, "the pack is empty", "策略包为空")
		return nil
	case err != nil:
		line, reason := 1, strings.TrimPrefix(err.Error(), "yaml: ")
		if m := lineOfError.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1])
			reason = m[2]
		}
		r.refuseAt(line, 1, "not YAML: "+reason, "不是有效的 YAML："+reason)
		return nil
	case len(doc.Content) != 1:
		r.refuseAt(1, 1, "the pack is empty", "策略包为空")
		return nil
	}
	return doc.Content[0]
}

// plain refuses what makes YAML say something else than it shows: anchors,
// aliases and tags of one's own. Without them a document is as large as it
// looks.
func (r *reader) plain(n *yaml.Node) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.refuse(n, "anchors and aliases are not allowed; write it out", "不允许使用锚点和别名，请完整写出")
		return
	}
	if n.Style&yaml.TaggedStyle != 0 {
		r.refuse(n, "tags are not allowed; remove %s", "不允许使用标签，请删除 %s", n.Tag)
	}
	for _, c := range n.Content {
		r.plain(c)
	}
}

func (r *reader) instant(dst *time.Time) func(*yaml.Node) {
	return func(n *yaml.Node) {
		t, err := time.Parse(time.RFC3339, n.Value)
		if n.Kind != yaml.ScalarNode || err != nil {
			r.refuse(n, "expected an instant such as 2026-12-01T00:00:00+08:00", "此处应为时刻，例如 2026-12-01T00:00:00+08:00")
			return
		}
		*dst = t.UTC().Truncate(time.Microsecond)
	}
}
