// Command openapi makes the description of REST, OpenAPI 3, from the OpenAPI 2
// document that buf generated from the proto, and checks it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
)

const (
	from = "services/gateway/internal/rest/api.swagger.json"
	to   = "services/gateway/openapi.json"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run() error {
	old, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var v2 openapi2.T
	if err := json.Unmarshal(old, &v2); err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	v3, err := openapi2conv.ToV3(&v2)
	if err != nil {
		return fmt.Errorf("convert: %w", err)
	}
	complete(v3)
	// A loader sees the document as its readers will.
	b, err := json.Marshal(v3)
	if err != nil {
		return err
	}
	loaded, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if err := loaded.Validate(context.Background()); err != nil {
		return fmt.Errorf("the document is not valid OpenAPI 3: %w", err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, b, "", " "); err != nil {
		return err
	}
	if err := os.WriteFile(to, append(text.Bytes(), '\n'), 0o644); err != nil {
		return err
	}
	return publish(published, surface(loaded))
}

// complete adds what the proto does not say: credentials, headers, refusals.
func complete(d *openapi3.T) {
	d.Info = &openapi3.Info{
		Title: "Ostiary 司阍", Version: "v1",
		Description: "Who may enter which system, since when, until when, why, and by whose signature. 谁能进哪扇门，为什么，到什么时候。",
	}
	d.Servers = openapi3.Servers{{URL: "/"}}
	d.Components.SecuritySchemes = openapi3.SecuritySchemes{"bearer": {Value: openapi3.NewSecurityScheme().WithType("http").WithScheme("bearer")}}
	d.Components.Schemas["Problem"] = &openapi3.SchemaRef{Value: problem()}
	d.Security = openapi3.SecurityRequirements{{"bearer": {}}}
	for path, item := range d.Paths.Map() {
		for method, operation := range item.Operations() {
			fixed(path, operation)
			if list := listOf(operation); list != nil {
				asList(d, list)
			}
			// Two services have a call of this name.
			if strings.HasPrefix(path, "/api/v1/services/") && operation.OperationID == "ReadHistory" {
				operation.OperationID = "ReadServiceHistory"
			}
			finish(method, operation)
		}
	}
}

// open are the operations that need no credential.
var open = map[string]bool{"SignIn": true, "RefreshSession": true}

func finish(method string, o *openapi3.Operation) {
	// The generator numbers the second path of an operation.
	if name, second := strings.CutSuffix(o.OperationID, "2"); second {
		o.OperationID = name + "Current"
	}
	if open[o.OperationID] {
		o.Security = &openapi3.SecurityRequirements{}
	}
	header := func(name, text string, schema *openapi3.Schema) {
		o.Parameters = append(o.Parameters, &openapi3.ParameterRef{Value: openapi3.NewHeaderParameter(name).WithDescription(text).WithSchema(schema)})
	}
	if method == "GET" {
		header("Ostiary-Not-Before", "What the caller has seen, <service>=<position>, several separated by commas: the answer shows at least that.", openapi3.NewStringSchema())
	} else {
		header("Command-Id", "A repetition with the same id is answered and not done again.", openapi3.NewUUIDSchema())
	}
	for code, r := range o.Responses.Map() {
		if code == "200" && method != "GET" {
			r.Value.Headers = openapi3.Headers{"Ostiary-Position": {Value: &openapi3.Header{Parameter: openapi3.Parameter{
				Description: "Up to where the service has written, <service>=<position>.", Schema: openapi3.NewStringSchema().NewRef(),
			}}}}
		}
	}
	text := "A refusal."
	o.Responses.Set("default", &openapi3.ResponseRef{Value: &openapi3.Response{
		Description: &text,
		Content:     openapi3.Content{"application/problem+json": {Schema: &openapi3.SchemaRef{Ref: "#/components/schemas/Problem"}}},
	}})
}

func problem() *openapi3.Schema {
	s := openapi3.NewObjectSchema()
	s.Description = "A refusal (RFC 9457). docs/refusals.md lists the reasons."
	for name, text := range map[string]string{
		"type": "urn:ostiary:refusal:<reason>", "title": "The HTTP status in words.", "detail": "What to do about it, in the caller's language.",
		"reason": "Published reason.",
	} {
		p := openapi3.NewStringSchema()
		p.Description = text
		s.WithProperty(name, p)
	}
	s.WithProperty("status", openapi3.NewInt32Schema())
	s.WithProperty("details", openapi3.NewObjectSchema().WithAdditionalProperties(openapi3.NewStringSchema()))
	return s.WithRequired([]string{"type", "title", "status", "detail", "reason", "details"})
}
