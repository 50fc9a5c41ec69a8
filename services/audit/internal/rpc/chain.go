package rpc

import (
	"context"
	"encoding/json"
	"strings"

	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"
	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"
)

// typeGone stands for the type of an event that its service does not have any
// more.
const typeGone = "Gone"

// maxLinks ends a walk that a defect would make endless.
const maxLinks = 200

// walk follows the causes of an event as far as they have not been seen.
func (s *Server) walk(ctx context.Context, e *runtimev1.HistoryEvent, seen map[string]bool, links []*auditv1.Link) ([]*auditv1.Link, error) {
	for e != nil && !seen[e.GetEventId()] && len(links) < maxLinks {
		seen[e.GetEventId()] = true
		links = append(links, link(e))
		cause, err := s.before(ctx, e)
		if err != nil {
			return nil, err
		}
		if cause == nil && e.GetCausation() != nil {
			return append(links, gone(e.GetCausation())), nil
		}
		e = cause
	}
	return links, nil
}

// before is the event from which another follows: its cause; in a case,
// whatever was signed and asked before, since an outcome follows from every
// signature (APR-002); and what a request recorded just before it.
func (s *Server) before(ctx context.Context, e *runtimev1.HistoryEvent) (*runtimev1.HistoryEvent, error) {
	signed := e.GetService() == approval && strings.HasPrefix(e.GetStream(), "case-")
	if e.GetCausation() != nil && (!signed || e.GetVersion() == 1) {
		return s.cause(ctx, e.GetCausation())
	}
	if e.GetVersion() <= 1 || !signed && e.GetService() != access {
		return nil, nil
	}
	client, ok := s.sources[e.GetService()]
	if !ok {
		return nil, nil
	}
	r, err := client.ReadHistory(ctx, &runtimev1.ReadHistoryRequest{Service: e.GetService(), Stream: e.GetStream(), After: e.GetVersion() - 2, Limit: 1})
	if err != nil || len(r.GetEvents()) == 0 {
		return nil, err
	}
	if p := r.GetEvents()[0]; signed || p.GetCommandId() == e.GetCommandId() {
		return p, nil
	}
	return nil, nil
}

// approval is the service that gathers signatures.
const approval = "approval"

// gone is the link to an event that nobody has any more: the reader must not
// take the link before it for the first cause.
func gone(c *envelopev1.Cause) *auditv1.Link {
	return &auditv1.Link{Service: c.GetService(), Position: c.GetPosition(), Type: typeGone, Reason: "this event cannot be read any more; run: ostiary audit verify"}
}

func (s *Server) cause(ctx context.Context, c *envelopev1.Cause) (*runtimev1.HistoryEvent, error) {
	client, ok := s.sources[c.GetService()]
	if c == nil || !ok {
		return nil, nil
	}
	r, err := client.ReadHistory(ctx, &runtimev1.ReadHistoryRequest{Service: c.GetService(), Positions: []int64{c.GetPosition()}})
	if err != nil || len(r.GetEvents()) == 0 {
		return nil, err
	}
	return r.GetEvents()[0], nil
}

func link(e *runtimev1.HistoryEvent) *auditv1.Link {
	return &auditv1.Link{
		Service: e.GetService(), Position: e.GetPosition(), Stream: e.GetStream(),
		Type: e.GetType()[strings.LastIndexByte(e.GetType(), '.')+1:],
		At:   e.GetEffectiveAt(), Actor: e.GetActor(), Rule: e.GetRule(), Reason: fieldsOf(e).reason(),
	}
}

// facts are the fields of an event that explain it.
type facts struct {
	GrantID     string `json:"grant_id"`
	Application string `json:"application"`
	Role        string `json:"role"`
	Held        string `json:"held"`
	Removing    bool   `json:"removing"`
	Reason      string `json:"reason"`
	Operation   string `json:"operation"`
	Kind        string `json:"kind"`
	Target      string `json:"target"`
	Comment     string `json:"comment"`
	Signature   struct {
		Comment string `json:"comment"`
	} `json:"signature"`
}

func fieldsOf(e *runtimev1.HistoryEvent) facts {
	var f facts
	_ = json.Unmarshal([]byte(e.GetDataJson()), &f) // it was written by protojson; a field that is absent stays ""
	return f
}

// reason is why the event happened, as far as it says so itself.
func (f facts) reason() string {
	switch {
	case f.Removing:
		return f.Reason + ", until the target no longer shows " + f.Held
	case f.Held != "" && f.Reason == "": // a request that is delayed
		return "delayed, until the target no longer shows " + f.Held
	case f.Held != "":
		return f.Reason + ", but holds " + f.Held
	case f.Reason != "":
		return f.Reason
	case f.Signature.Comment != "":
		return f.Signature.Comment
	case f.Comment != "":
		return f.Comment
	case f.Operation != "":
		return f.Operation + " on " + f.Target
	default:
		return strings.ToLower(f.Kind)
	}
}
