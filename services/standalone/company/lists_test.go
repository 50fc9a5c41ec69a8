package company

import (
	"maps"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// lists compares what the lists show of all companies with what must be.
func (i *installation) lists(companies []*player) {
	i.t.Helper()
	want := map[string]string{}
	for _, p := range companies {
		for key, what := range p.company.picture() {
			if key[:len("right")] == "right" {
				want[key] = what
			}
		}
		for id, r := range p.company.requests {
			want["request "+id], want["case "+id] = r.state, p.matters[id].state
		}
	}
	seen := map[string]string{}
	i.listGrants(companies, seen)
	i.listRequests(companies, seen)
	i.listCases(companies, seen)
	if !maps.Equal(want, seen) {
		i.t.Errorf("the lists do not show what is:\n%s", difference(want, seen))
	}
}

func (i *installation) listGrants(companies []*player, seen map[string]string) {
	i.t.Helper()
	for q := (&accessv1.ListGrantsRequest{Limit: 500}); ; {
		page, err := companies[0].access.ListGrants(i.operator(), q)
		if err != nil {
			i.t.Fatal(err)
		}
		for _, g := range page.GetItems() {
			seen["right "+g.GetEmployeeNumber()+" "+g.GetRole()] = showRight(g.GetKind() != "birthright", instant(g.GetValidUntil()), g.GetState() == "suspended")
		}
		if q.After = page.GetNext(); q.GetAfter() == "" {
			return
		}
	}
}

func (i *installation) listRequests(companies []*player, seen map[string]string) {
	i.t.Helper()
	for q := (&accessv1.ListRequestsRequest{Scope: "all", Limit: 100}); ; {
		page, err := companies[0].access.ListRequests(i.operator(), q)
		if err != nil {
			i.t.Fatal(err)
		}
		for _, r := range page.GetItems() {
			state := r.GetState()
			switch {
			case state == "pending":
				state = "asked"
			case state == "approved" && r.GetGrantId() == "" && r.GetBeginsAt() != nil:
				state = "begins"
			case state == "approved", state == "fulfilled":
				state = "given"
			case state == "refused", state == "withdrawn":
				state = "over"
			}
			seen["request "+r.GetRequestId()] = state
		}
		if q.After = page.GetNext(); q.GetAfter() == "" {
			return
		}
	}
}

func (i *installation) listCases(companies []*player, seen map[string]string) {
	i.t.Helper()
	for q := (&approvalv1.ListApprovalsRequest{Scope: "all", IncludeClosed: true, Limit: 100}); ; {
		page, err := companies[0].signing.ListApprovals(i.operator(), q)
		if err != nil {
			i.t.Fatal(err)
		}
		for _, c := range page.GetItems() {
			seen["case req_"+c.GetCaseId()[len("case_"):]] = c.GetState()
		}
		if q.After = page.GetNext(); q.GetAfter() == "" {
			return
		}
	}
}
