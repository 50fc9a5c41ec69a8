// Package feeds tests that the feeds of outside systems only grow: whatever
// docs/feeds/released promises, docs/feeds keeps.
package feeds

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const folder = "../../docs/feeds"

// schema is the part of JSON Schema that the feeds use.
type schema struct {
	Type                 any                `json:"type"`
	Const                any                `json:"const"`
	Enum                 []any              `json:"enum"`
	Format               string             `json:"format"`
	Pattern              string             `json:"pattern"`
	MinLength            *int               `json:"minLength"`
	MaxLength            *int               `json:"maxLength"`
	MaxItems             *int               `json:"maxItems"`
	Minimum              *float64           `json:"minimum"`
	Required             []string           `json:"required"`
	Properties           map[string]*schema `json:"properties"`
	Items                *schema            `json:"items"`
	AdditionalProperties *schema            `json:"additionalProperties"`
}

func read(t *testing.T, path string) *schema {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return &s
}

func TestFeedsOnlyGrow(t *testing.T) {
	t.Parallel()
	released, err := filepath.Glob(filepath.Join(folder, "released", "*.schema.json"))
	if err != nil || len(released) != 3 {
		t.Fatalf("released are %v, %v", released, err)
	}
	for _, path := range released {
		name := filepath.Base(path)
		for _, b := range breaks(read(t, path), read(t, filepath.Join(folder, name)), name == "hr-event.schema.json", name) {
			t.Error(b)
		}
	}
}

// breaks lists what somebody who relies on the old schema would miss. taken
// says that others write and we read: then nothing more may be asked of them.
func breaks(old, now *schema, taken bool, at string) (found []string) {
	if now == nil {
		return []string{at + " is gone"}
	}
	if fmt.Sprint(old.Type) != fmt.Sprint(now.Type) || fmt.Sprint(old.Const) != fmt.Sprint(now.Const) || old.Format != now.Format || old.Pattern != now.Pattern {
		found = append(found, at+" has another form")
	}
	for _, v := range old.Enum {
		if !slices.Contains(now.Enum, v) {
			found = append(found, fmt.Sprintf("%s may not be %v any more", at, v))
		}
	}
	if old.Enum == nil && now.Enum != nil {
		found = append(found, at+" may not be anything any more")
	}
	for what, limits := range map[string][2]*int{"minLength": {old.MinLength, now.MinLength}, "maxLength": {old.MaxLength, now.MaxLength}, "maxItems": {old.MaxItems, now.MaxItems}} {
		if fmt.Sprint(value(limits[0])) != fmt.Sprint(value(limits[1])) {
			found = append(found, at+": "+what+" has changed")
		}
	}
	for _, name := range old.Required {
		if !taken && !slices.Contains(now.Required, name) {
			found = append(found, at+"."+name+" is not always there any more")
		}
	}
	for _, name := range now.Required {
		if taken && !slices.Contains(old.Required, name) {
			found = append(found, at+"."+name+" is asked for now")
		}
	}
	for name, p := range old.Properties {
		found = append(found, breaks(p, now.Properties[name], taken, at+"."+name)...)
	}
	if old.Items != nil {
		found = append(found, breaks(old.Items, now.Items, taken, at+"[]")...)
	}
	if old.AdditionalProperties != nil {
		found = append(found, breaks(old.AdditionalProperties, now.AdditionalProperties, taken, at+".*")...)
	}
	return found
}

func value(n *int) any {
	if n == nil {
		return nil
	}
	return *n
}

func TestABreakIsSeen(t *testing.T) {
	t.Parallel()
	old := &schema{Required: []string{"a"}, Properties: map[string]*schema{"a": {Type: "string"}, "b": {Enum: []any{"x", "y"}}, "c": {Items: &schema{Type: "string"}}}}
	for want, c := range map[string]struct {
		now   *schema
		taken bool
	}{
		"":                                {now: &schema{Required: []string{"a", "b"}, Properties: map[string]*schema{"a": {Type: "string"}, "b": {Enum: []any{"x", "y", "z"}}, "c": {Items: &schema{Type: "string"}}, "d": {}}}},
		".b is asked for now":             {taken: true, now: &schema{Required: []string{"a", "b"}, Properties: old.Properties}},
		".a is not always there any more": {now: &schema{Properties: old.Properties}},
		".a is gone":                      {now: &schema{Required: []string{"a"}, Properties: map[string]*schema{"b": old.Properties["b"], "c": old.Properties["c"]}}},
		".a has another form":             {now: &schema{Required: []string{"a"}, Properties: map[string]*schema{"a": {Type: "integer"}, "b": old.Properties["b"], "c": old.Properties["c"]}}},
		".b may not be y any more":        {now: &schema{Required: []string{"a"}, Properties: map[string]*schema{"a": {Type: "string"}, "b": {Enum: []any{"x"}}, "c": old.Properties["c"]}}},
		".c[] is gone":                    {now: &schema{Required: []string{"a"}, Properties: map[string]*schema{"a": {Type: "string"}, "b": old.Properties["b"], "c": {}}}},
	} {
		if got := strings.Join(breaks(old, c.now, c.taken, ""), "; "); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}
