package main

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// fixed leaves out what the path has settled: /current is the path of nobody
// else, so it takes no id.
func fixed(path string, o *openapi3.Operation) {
	if !strings.HasSuffix(path, "/current") {
		return
	}
	o.Parameters = slices.DeleteFunc(o.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.In == "query" })
}

// listOf is the answer of an operation that lists, as the gateway tells it from
// others; nil if it does not list.
func listOf(o *openapi3.Operation) *openapi3.SchemaRef {
	if !strings.HasPrefix(o.OperationID, "List") && !strings.HasPrefix(o.OperationID, "Find") && !strings.HasPrefix(o.OperationID, "Read") {
		return nil
	}
	ok := o.Responses.Value("200")
	if ok == nil || ok.Value == nil || ok.Value.Content["application/json"] == nil {
		return nil
	}
	return ok.Value.Content["application/json"].Schema
}

// asList gives the answer the form of every list, {items, next}. An answer
// whose items are none of ours, the lifecycle feed, stays as it is.
func asList(d *openapi3.T, answer *openapi3.SchemaRef) {
	schema := d.Components.Schemas[strings.TrimPrefix(answer.Ref, "#/components/schemas/")].Value
	for name, property := range schema.Properties {
		of := property.Value
		if of == nil || of.Items == nil || of.Items.Ref == "" || strings.HasPrefix(of.Items.Ref, "#/components/schemas/protobuf") {
			continue
		}
		delete(schema.Properties, name)
		schema.Properties["items"] = property
		if schema.Properties["next"] == nil {
			next := openapi3.NewStringSchema()
			next.Description = "Where to go on with after; empty at the end."
			schema.Properties["next"] = next.NewRef()
		}
		return
	}
}
