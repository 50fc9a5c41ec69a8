package command

import (
	"maps"
	"slices"
	"strings"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
)

// unconfirmed counts the open orders of one target.
type unconfirmed struct {
	open, failing int
	reasons       map[string]bool
}

// byTarget counts open orders.
func byTarget(open []*provisioningv1.Order) map[string]*unconfirmed {
	targets := map[string]*unconfirmed{}
	for _, o := range open {
		n := targets[o.GetTarget()]
		if n == nil {
			n = &unconfirmed{reasons: map[string]bool{}}
			targets[o.GetTarget()] = n
		}
		n.open++
		if o.GetReason() != "" {
			n.failing++
			n.reasons[o.GetReason()] = true
		}
	}
	return targets
}

// because lists the reasons of the failures in brackets.
func (n *unconfirmed) because() string {
	if len(n.reasons) == 0 {
		return ""
	}
	return " (" + strings.Join(slices.Sorted(maps.Keys(n.reasons)), ", ") + ")"
}
