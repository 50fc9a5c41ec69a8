package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// operation is one call as openapi.json describes it.
type operation struct {
	id       string
	method   string
	segments []string // "{name}" takes any value
	query    map[string]bool
	fields   map[string]bool // of the body
}

// described are the operations of a document. What it does not list is refused:
// a misspelt parameter without effect would be found by nobody.
func described(document []byte) ([]operation, error) {
	type schema struct {
		Ref        string                     `json:"$ref"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var d struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []struct{ Name, In string }
			RequestBody struct {
				Content map[string]struct{ Schema schema }
			}
		}
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("read the description of REST: %w", err)
	}
	var all []operation
	for at, methods := range d.Paths {
		for method, o := range methods {
			op := operation{
				id: o.OperationID, method: strings.ToUpper(method), segments: strings.Split(at, "/"),
				query: map[string]bool{}, fields: map[string]bool{},
			}
			for _, p := range o.Parameters {
				op.query[p.Name] = p.In == "query"
			}
			body := o.RequestBody.Content["application/json"].Schema
			if body.Ref != "" {
				body = d.Components.Schemas[path.Base(body.Ref)]
			}
			for name := range body.Properties {
				op.fields[name] = true
			}
			all = append(all, op)
		}
	}
	return all, nil
}

// find returns the operation of a request, or else the methods that the path
// takes. Of two that match, the one with fewer free segments is meant.
func find(all []operation, method string, at *url.URL) (found *operation, allowed []string) {
	segments, most := strings.Split(at.EscapedPath(), "/"), -1
	for i, o := range all {
		literal, ok := o.matches(segments)
		if !ok {
			continue
		}
		allowed = append(allowed, o.method)
		// What answers GET answers HEAD; the body is left out on the way.
		if literal > most && (o.method == method || o.method == http.MethodGet && method == http.MethodHead) {
			found, most = &all[i], literal
		}
	}
	if slices.Contains(allowed, http.MethodGet) {
		allowed = append(allowed, http.MethodHead)
	}
	slices.Sort(allowed)
	return found, slices.Compact(allowed)
}

// matches tells whether the path is the operation's, and how many segments are
// so word for word.
func (o operation) matches(escaped []string) (literal int, ok bool) {
	if len(escaped) != len(o.segments) {
		return 0, false
	}
	for i, want := range o.segments {
		if strings.HasPrefix(want, "{") {
			// grpc-gateway takes an escaped slash for one that parts segments, so
			// the two would not mean the same path.
			if escaped[i] == "" || strings.Contains(strings.ToLower(escaped[i]), "%2f") {
				return 0, false
			}
			continue
		}
		got, err := url.PathUnescape(escaped[i])
		if err != nil || got != want {
			return 0, false
		}
		literal++
	}
	return literal, true
}
