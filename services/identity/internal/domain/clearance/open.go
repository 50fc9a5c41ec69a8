package clearance

import (
	"slices"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// OpenCase starts a case. Its items are copied in, so that a later pack does
// not move them.
type OpenCase struct {
	ID       string
	PersonID string
	Number   string
	Kind     string
	// Items as the pack lists them; "default" stands for what facts settle.
	Items []string
}

func (c OpenCase) decide(s State) ([]proto.Message, error) {
	if s.Status != None {
		return nil, nil
	}
	return []proto.Message{&identityv1.ClearanceOpened{
		PersonId: c.PersonID, EmployeeNumber: c.Number, CaseId: c.ID, Kind: c.Kind, Items: expand(facts[c.Kind], c.Items),
	}}, nil
}

// expand replaces "default" and drops repetitions. A case without any item
// would open the gate of a person who still holds rights, so the facts are
// always among them.
func expand(facts, items []string) []string {
	expanded := slices.Clone(facts)
	seen := map[string]bool{"default": true}
	for _, fact := range facts {
		seen[fact] = true
	}
	for _, item := range items {
		if !seen[item] {
			seen[item] = true
			expanded = append(expanded, item)
		}
	}
	return expanded
}
