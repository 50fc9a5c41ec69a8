package policy_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/pack"
)

// The pack was sound for everybody who was here; then somebody moves to a post
// to which it gives two roles that it keeps apart.
//
// Covers: ACR-030
func TestAMoveIntoAForbiddenPairGivesOneAndSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := append(packBody(1, map[string]string{"P1": "reader", "P2": "writer, orders/auditor"}),
		"duty_rules: [{id: write-audit, forbid: [orders/auditor, orders/writer], scope: person}]\n"...)
	w.must("policy", 10, &policyv1.PackPublished{Version: 1, Digest: pack.Digest(body), Body: body})
	w.must("policy", 11, &policyv1.PackActivated{Version: 1, Digest: pack.Digest(body), EffectiveAt: timestamppb.New(monday)})
	w.must("identity", 1, starts("E1", "P1"))
	w.holds("E1", "reader")
	w.must("identity", 2, moves("E1", "P2"))
	w.holds("E1", "writer")
	facts := w.facts("E1")
	last := facts[len(facts)-1]
	e, ok := last.Message.(*accessv1.BirthrightWithheld)
	if !ok || e.GetRule() != "write-audit" || e.GetRole() != "auditor" || e.GetHeld() != "orders/writer" || e.GetMatrixLine() != "matrix[1]" {
		t.Errorf("the last event is %s %v", last.Type, last.Message)
	}
	if last.Rule != "write-audit" || last.PolicyDigest != pack.Digest(body) || last.Causation == nil || last.Causation.Position != 2 {
		t.Errorf("decided by rule %q of pack %.8s because of %v", last.Rule, last.PolicyDigest, last.Causation)
	}
}
