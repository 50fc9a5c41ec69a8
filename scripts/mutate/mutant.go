package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
)

// mutant is a file in which one refusal never happens.
type mutant struct {
	file   string
	line   int
	text   string // the condition
	source []byte
}

// mutate finds every condition of a file that leads to a refusal:
// `case condition: … return …Err…` and `if condition { … return …Err… }`. Of a case with
// several conditions, and of alternatives joined by ||, each is one.
func mutate(file string) ([]mutant, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, source, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	var found []mutant
	never := func(condition ast.Expr) {
		for _, c := range alternatives(condition) {
			from, to := files.Position(c.Pos()), files.Position(c.End()).Offset
			text := string(source[from.Offset:to])
			var b bytes.Buffer
			b.Write(source[:from.Offset])
			b.WriteString("(false && (" + text + "))")
			b.Write(source[to:])
			found = append(found, mutant{file: file, line: from.Line, text: strings.Join(strings.Fields(text), " "), source: b.Bytes()})
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SwitchStmt:
			if n.Tag != nil {
				return true
			}
			for _, s := range n.Body.List {
				if c, ok := s.(*ast.CaseClause); ok && refuses(c.Body) {
					for _, condition := range c.List {
						never(condition)
					}
				}
			}
		case *ast.IfStmt:
			if n.Else == nil && refuses(n.Body.List) {
				never(n.Cond)
			}
		}
		return true
	})
	return found, nil
}

// alternatives are the parts of a condition of which each is enough.
func alternatives(c ast.Expr) []ast.Expr {
	switch c := c.(type) {
	case *ast.ParenExpr:
		return alternatives(c.X)
	case *ast.BinaryExpr:
		if c.Op == token.LOR {
			return append(alternatives(c.X), alternatives(c.Y)...)
		}
	}
	return []ast.Expr{c}
}

// refuses tells whether statements end in a refusal and do nothing else that
// matters: they return a declared one, pass on one that a check found, or record
// one as an event.
func refuses(body []ast.Stmt) bool {
	if len(body) == 0 {
		return false
	}
	r, ok := body[len(body)-1].(*ast.ReturnStmt)
	if !ok || len(r.Results) == 0 {
		return false
	}
	if passed, ok := r.Results[len(r.Results)-1].(*ast.Ident); ok && passed.Name == "err" {
		return true
	}
	return slices.ContainsFunc(r.Results, isRefusal)
}

// recorded are the functions by which a decider makes a refusal an event.
var recorded = []string{"refused", "quarantined"}

// isRefusal tells whether a result names a declared refusal or records one.
func isRefusal(result ast.Expr) (yes bool) {
	ast.Inspect(result, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && (strings.HasPrefix(id.Name, "Err") || slices.Contains(recorded, id.Name)) {
			yes = true
		}
		return !yes
	})
	return yes
}
