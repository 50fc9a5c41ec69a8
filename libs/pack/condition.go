package pack

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"go.yaml.in/yaml/v3"
)

// program is a compiled condition; nil holds always.
type program = cel.Program

const (
	maxCondition = 4096   // characters
	maxCost      = 10_000 // CEL cost units; a comparison is one
)

// environments are what conditions can speak about.
type environments struct{ post, route *cel.Env }

func newEnvironments() (*environments, error) {
	post, err := cel.NewEnv(
		// A missing attribute is "", so has() would only mislead.
		cel.ClearMacros(),
		cel.Macros(cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro, cel.MapMacro, cel.FilterMacro),
		cel.ParserExpressionSizeLimit(maxCondition),
		cel.ParserRecursionLimit(50),
		cel.Variable("attributes", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("position", cel.StringType),
		cel.Variable("unit", cel.ListType(cel.StringType)),
		cel.Variable("kind", cel.StringType),
	)
	if err != nil {
		return nil, fmt.Errorf("set up conditions: %w", err)
	}
	route, err := post.Extend(
		cel.Variable("role.application", cel.StringType),
		cel.Variable("role.id", cel.StringType),
		cel.Variable("role.level", cel.StringType),
		cel.Variable("role.privileged", cel.BoolType),
	)
	if err != nil {
		return nil, fmt.Errorf("set up conditions of routes: %w", err)
	}
	return &environments{post: post, route: route}, nil
}

// condition reads and compiles an expression; it returns nil if there is
// something wrong with it.
func (r *reader) condition(n *yaml.Node, env *cel.Env, dst *string) program {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		r.refuse(n, "expected text; put it in quotes if it is meant as text", "此处应为文本；若确为文本，请加引号")
		return nil
	}
	if *dst = strings.TrimRightFunc(n.Value, unicode.IsSpace); *dst == "" {
		r.refuse(n, "the condition is blank; leave it out if it always holds", "条件为空；若始终成立，请删除该键")
		return nil
	}
	ast, issues := env.Compile(*dst)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			line, column := r.within(n, e.Location.Line(), e.Location.Column())
			r.refuseAt(line, column, "the condition is wrong: "+e.Message, "条件表达式有误："+e.Message)
		}
		return nil
	}
	if ast.OutputType() != cel.BoolType {
		r.refuse(n, "the condition gives %s; it must give true or false", "条件的结果是 %s，必须是 true 或 false", ast.OutputType())
		return nil
	}
	p, err := env.Program(ast, cel.CostLimit(maxCost))
	if err != nil {
		r.refuse(n, "the condition cannot be used: %s", "条件表达式无法使用：%s", err)
		return nil
	}
	return p
}

// holds tells whether a condition holds; one that cannot be computed does not.
func holds(p program, facts map[string]any) bool {
	if p == nil {
		return true
	}
	v, _, err := p.Eval(facts)
	return err == nil && v == types.True
}

// within turns a place in an expression (line from 1, column from 0) into one
// in the pack. In a text that YAML has folded the start of the text is given.
func (r *reader) within(n *yaml.Node, line, column int) (int, int) {
	switch {
	case n.Style&yaml.LiteralStyle != 0 && n.Line+line <= len(r.source):
		text := r.source[n.Line+line-1]
		indent := 0
		for indent < len(text) && text[indent] == ' ' {
			indent++
		}
		return n.Line + line, indent + column + 1
	case n.Style&yaml.FoldedStyle != 0 || line != 1 || column > utf8.RuneCountInString(n.Value):
		return n.Line, n.Column
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		return n.Line, n.Column + 1 + column
	default:
		return n.Line, n.Column + column
	}
}

// attributes is a map whose missing keys read as "".
type attributes struct{ traits.Mapper }

func newAttributes(m map[string]string) attributes {
	return attributes{types.NewStringStringMap(types.DefaultTypeAdapter, m)}
}

// Find implements traits.Mapper.
func (a attributes) Find(key ref.Val) (ref.Val, bool) {
	if v, ok := a.Mapper.Find(key); ok {
		return v, true
	}
	return types.String(""), true
}

// Get implements traits.Indexer.
func (a attributes) Get(key ref.Val) ref.Val {
	v, _ := a.Find(key)
	return v
}
