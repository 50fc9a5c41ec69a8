// Package rpc answers auditors.
package rpc

import (
	"context"
	"time"

	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/ledger"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/audit/internal/book"
)

// catchUp is how long a question waits for the ledger to take in what the
// services had recorded when it was asked.
const catchUp = 3 * time.Second

// The refusals of the audit service.
var (
	ErrPersonUnknown = fault.New(fault.NotFound, "PERSON_NOT_FOUND",
		"No event names this employee number; check the number.", "没有任何事件涉及该工号，请核对工号。")
	ErrGrantUnknown = fault.New(fault.NotFound, "GRANT_UNKNOWN",
		"The person has never held this role; see 'ostiary access list --person' for what is held.",
		"该人员从未持有此角色，可用 ostiary access list --person 查看。")
	ErrOthersAccess = fault.New(fault.Forbidden, "ACCESS_OF_OTHERS",
		"You may ask why you have or lost a right yourself; about others may access-admin, auditor and hr.",
		"您只能查询本人权限的缘由；他人权限的缘由仅限 access-admin、auditor、hr 查询。")
	ErrSelector = fault.New(fault.Invalid, "HISTORY_SELECTOR",
		"Give either an employee number or a stream.", "请给出工号或流名之一。")
	ErrRole = fault.New(fault.Invalid, "ROLE_MALFORMED",
		"Give the role as APPLICATION/ROLE.", "请以“应用/角色”的形式给出角色。")
)

// Server implements AuditService.
type Server struct {
	auditv1.UnsafeAuditServiceServer

	platform *servicekit.Platform
	book     *book.Book
	notary   *book.Notary
	verifier *book.Verifier
	key      *ledger.Key
	sources  map[string]runtimev1.RuntimeServiceClient
}

var _ auditv1.AuditServiceServer = (*Server)(nil)

// NewServer returns the server over a book and its sources.
func NewServer(p *servicekit.Platform, v *book.Verifier, key *ledger.Key, sources []string) *Server {
	s := &Server{platform: p, book: v.Book, notary: v.Notary, verifier: v, key: key, sources: map[string]runtimev1.RuntimeServiceClient{}}
	for _, source := range sources {
		s.sources[source] = runtimev1.NewRuntimeServiceClient(p.Dial(source))
	}
	return s
}

// current waits until the ledger has what every service had recorded by now,
// so that an answer misses nothing that its asker may have seen. A source that
// does not answer is left to readiness.
func (s *Server) current(ctx context.Context) {
	if len(s.book.Causes()) > 0 {
		return // a damaged ledger takes nothing in
	}
	ctx, cancel := context.WithTimeout(ctx, catchUp)
	defer cancel()
	for source, client := range s.sources {
		r, err := client.Feed(ctx, &runtimev1.FeedRequest{Service: source, After: s.book.Taken(source), Limit: 1})
		if err != nil {
			continue
		}
		if err := s.book.WaitFor(ctx, source, r.GetHead()); err != nil {
			return
		}
	}
}

// GetCheckpoint returns the newest signed root.
func (s *Server) GetCheckpoint(ctx context.Context, _ *auditv1.GetCheckpointRequest) (*auditv1.GetCheckpointResponse, error) {
	signed, err := s.notary.Sign(ctx)
	if err != nil {
		return nil, err
	}
	c, err := ledger.Open(signed, s.key.Verifier)
	return &auditv1.GetCheckpointResponse{Note: string(signed), Size: c.Size}, err
}
