package command

import (
	"context"
	"strings"
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// ListOperators answers one operator a page.
func (s *server) ListOperators(_ context.Context, r *identityv1.ListOperatorsRequest) (*identityv1.ListOperatorsResponse, error) {
	if r.GetAfter() == "" {
		return &identityv1.ListOperatorsResponse{Next: "admin", Items: []*identityv1.OperatorAccount{
			{Account: "admin", Kind: "operator", State: "active", Roles: []string{"admin", "hr"}, Credential: "own"},
		}}, nil
	}
	return &identityv1.ListOperatorsResponse{Items: []*identityv1.OperatorAccount{
		{Account: "E7", Kind: "directory", State: "suspended", Roles: []string{"auditor"}, Credential: "initial"},
	}}, nil
}

// ListClients answers one client a page.
func (s *server) ListClients(_ context.Context, r *identityv1.ListClientsRequest) (*identityv1.ListClientsResponse, error) {
	if r.GetAfter() == "" {
		return &identityv1.ListClientsResponse{Next: "erp", Items: []*identityv1.Client{{Name: "erp", Feed: "hr", Source: "peoplesoft"}}}, nil
	}
	return &identityv1.ListClientsResponse{Items: []*identityv1.Client{{Name: "siem", Feed: "lifecycle"}}}, nil
}

// A list is read to its end, in words or as one object a line, and only by whom
// the server admits.
func TestOperatorsAndClientsAreListed(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.roles = []string{"admin"}
	for noun, parts := range map[string][]string{
		"operator": {"admin  操作员账号  有效", "admin, hr", "已自行设置", "E7     员工账号    已停用", "初始口令"},
		"client":   {"erp   hr         peoplesoft", "siem  lifecycle"},
	} {
		r := s.in(t, "zh-CN", noun, "list")
		for _, part := range parts {
			if r.code != output.Done || !strings.Contains(r.out, part) {
				t.Errorf("%s: exit %d, %q is missing in\n%s%s", noun, r.code, part, r.out, r.err)
			}
		}
		if r := s.in(t, "zh-CN", noun, "list", "--json"); strings.Count(r.out, "\n") != 2 || han(r.out) {
			t.Errorf("%s as JSON:\n%s", noun, r.out)
		}
	}
	s.roles = []string{"hr"}
	for _, noun := range []string{"operator", "client"} {
		if r := s.in(t, "en", noun, "list"); r.code != output.Refused {
			t.Errorf("%s for hr: exit %d\n%s", noun, r.code, r.out)
		}
	}
}

// AddClient answers a client of a feed that is also read over HTTP.
func (s *server) AddClient(_ context.Context, r *identityv1.AddClientRequest) (*identityv1.AddClientResponse, error) {
	answer := &identityv1.AddClientResponse{
		Name: r.GetName(), Feed: r.GetFeed(), Url: "nats://127.0.0.1:4222", User: r.GetName(), Password: "pw", Stream: "LIFECYCLE",
		Durables: []string{"lifecycle-1"}, InboxPrefix: "_INBOX_client_" + r.GetName(),
	}
	if r.GetFeed() == "lifecycle" {
		answer.Token = "tok"
	}
	return answer, nil
}

// Whoever adds a client is told everything that it needs to connect.
func TestAClientIsToldHowToConnect(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.roles = []string{"admin"}
	for lang, parts := range map[string][]string{
		"en":    {"url nats://127.0.0.1:4222", "user siem", "password pw", "stream LIFECYCLE, durables lifecycle-1", "inbox prefix _INBOX_client_siem", "HTTP token tok"},
		"zh-CN": {"地址 nats://127.0.0.1:4222", "用户 siem", "口令 pw", "收件箱前缀 _INBOX_client_siem", "HTTP 令牌 tok"},
	} {
		r := s.in(t, lang, "client", "add", "siem", "--feed", "lifecycle")
		for _, part := range parts {
			if r.code != output.Done || !strings.Contains(r.out, part) {
				t.Errorf("%s: exit %d, %q is missing in\n%s%s", lang, r.code, part, r.out, r.err)
			}
		}
	}
	if r := s.in(t, "en", "client", "add", "erp", "--feed", "hr", "--source", "s"); strings.Contains(r.out, "token") {
		t.Errorf("a client without a token:\n%s", r.out)
	}
}
