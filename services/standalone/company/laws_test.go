package company

import (
	"fmt"
	"slices"
	"time"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// breaks notes that a law is broken.
func (w *witness) breaks(format string, args ...any) {
	w.broken = append(w.broken, fmt.Sprintf(format, args...))
}

// heldBefore looks at what somebody has when something else happens to the
// person: nothing whose end has passed, and nothing after a departure.
func (w *witness) heldBefore(f eventstore.Fact) {
	of, ok := f.Message.(interface{ GetEmployeeNumber() string })
	if !ok {
		return
	}
	departing := false
	switch f.Message.(type) {
	case *accessv1.GrantRevoked, *accessv1.AccessRequestWithdrawn:
		departing = true
	}
	for _, g := range w.grants {
		switch {
		case g.number != of.GetEmployeeNumber() || !g.live:
		case !g.until.IsZero() && f.RecordedAt.After(g.until):
			w.breaks("%s: %s outlives its end %s", f.RecordedAt, g.id, g.until)
		case w.departed[g.number] && !departing:
			w.breaks("%s: %s outlives the person %s at %s", f.RecordedAt, g.id, g.number, f.Type)
		}
	}
}

// issued looks at a right that is given, or given back.
func (w *witness) issued(f eventstore.Fact, given *seenGrant) {
	if w.departed[given.number] {
		w.breaks("%s: %s is given to %s, who has left", f.RecordedAt, given.id, given.number)
	}
	for _, g := range w.grants {
		if g != given && g.live && g.number == given.number && (g.role == given.role || g.role == forbidden(given.role)) {
			w.breaks("%s: %s has %s and %s together", f.RecordedAt, g.number, g.role, given.role)
		}
	}
}

// stands looks at what the target shows together.
func (w *witness) stands(number, role string) {
	if other := forbidden(role); other != "" && w.target[number+" "+other] {
		w.breaks("the target shows %s and %s of %s together", role, other, number)
	}
}

// signed looks at a signature of a seat; -1 for any.
func (w *witness) signed(c *seenCase, s *approvalv1.Signature, seat int32) {
	signer, holder := s.GetSigner().GetEmployeeNumber(), s.GetSigner().GetEmployeeNumber()
	if s.GetOnBehalfOf() != nil {
		holder = s.GetOnBehalfOf().GetEmployeeNumber()
		if !w.linked(c, signer, holder, s.GetAt().AsTime()) {
			w.breaks("case %s: %s signs for %s and is no deputy", c.id, signer, holder)
		}
	}
	w.signs(c, signer)
	if w.own(c, holder) {
		w.breaks("case %s: %s signs in place of %s, whose matter it is", c.id, signer, holder)
	}
	offered := slices.Clone(c.late.GetHolders())
	for i, of := range c.seats {
		if seat < 0 || int(seat) == i {
			offered = append(offered, of.GetHolders()...)
		}
	}
	if !slices.ContainsFunc(offered, func(p *approvalv1.Party) bool { return p.GetEmployeeNumber() == holder }) {
		w.breaks("case %s: the seat that %s takes is not offered to %s", c.id, signer, holder)
	}
	if seat >= 0 {
		if c.filled[seat] != "" || c.signers[c.step][signer] {
			w.breaks("case %s: %s signs step %d again", c.id, signer, c.step)
		}
		c.signers[c.step][signer] = true
	}
}

// authorised looks at a direct authorisation.
func (w *witness) authorised(c *seenCase, s *approvalv1.Signature) {
	signer := s.GetSigner().GetEmployeeNumber()
	w.signs(c, signer)
	if len(signer) < 2 || signer[len(signer)-2:] != "06" {
		w.breaks("case %s: %s authorises and does not lead", c.id, signer)
	}
}

// signs looks at whoever signs.
func (w *witness) signs(c *seenCase, signer string) {
	if w.own(c, signer) {
		w.breaks("case %s: %s decides the own matter", c.id, signer)
	}
	if !w.works[signer] {
		w.breaks("case %s: %s signs and has left", c.id, signer)
	}
}

func (w *witness) own(c *seenCase, number string) bool {
	return number == c.by.GetEmployeeNumber() || number == c.of.GetEmployeeNumber()
}

// linked tells whether a chain of deputies leads from a signer to a holder,
// through nobody whose matter it is.
func (w *witness) linked(c *seenCase, signer, holder string, at time.Time) bool {
	reached := map[string]bool{signer: true}
	for grown := true; grown && !reached[holder]; {
		grown = false
		for _, l := range w.links {
			if reached[l.to] && !reached[l.of] && !w.own(c, l.of) && !at.Before(l.from) && at.Before(l.until) {
				reached[l.of], grown = true, true
			}
		}
	}
	return reached[holder]
}

// quiet looks at a company in which nothing is under way.
func (w *witness) quiet(now time.Time) {
	for _, g := range w.grants {
		if g.live {
			w.stillRight(g, now)
		}
	}
	for _, g := range w.given {
		w.approved(g)
	}
	w.given = nil // their histories are over
	for _, c := range w.cases {
		if c.state == "open" && !w.signable(c) {
			w.breaks("case %s waits at step %d and nobody living may sign it: %v", c.id, c.step, c.seats)
		}
	}
	for right := range w.target {
		if !w.works[right[:len("E0101")]] {
			w.breaks("the target shows %s of somebody who has left", right)
		}
	}
}

func (w *witness) stillRight(g *seenGrant, now time.Time) {
	if !w.works[g.number] {
		w.breaks("%s: %s outlives its person %s", now, g.id, g.number)
	}
	if !g.until.IsZero() && !g.until.After(now) {
		w.breaks("%s: %s outlives its end %s", now, g.id, g.until)
	}
}

// approved looks at the approvals of a right that was asked for.
func (w *witness) approved(g *seenGrant) {
	r := w.requests[g.request]
	if r == nil || r.of != g.number || r.role != g.role {
		w.breaks("%s of %s follows from no request of its own", g.id, g.number)
		return
	}
	c := w.cases[r.kase]
	if c == nil || !c.granted {
		w.breaks("%s of %s is given and its case is not granted", g.id, g.number)
		return
	}
	for step, stage := range route(g.role) {
		if n := len(c.signers[int32(step+1)]); n < stage.quorum && !c.direct {
			w.breaks("%s of %s has %d signatures of %d at step %d", g.id, g.number, n, stage.quorum, step+1)
		}
	}
}

// signable tells whether as many living people as are missing may sign.
func (w *witness) signable(c *seenCase) bool {
	free, used := map[int][]string{}, map[string]bool{}
	for _, who := range c.filled {
		used[who] = true
	}
	for i, s := range c.seats {
		if c.filled[int32(i)] != "" {
			continue
		}
		free[i] = nil
		for _, h := range append(slices.Clone(s.GetHolders()), c.late.GetHolders()...) {
			if number := h.GetEmployeeNumber(); w.works[number] && !w.own(c, number) {
				free[i] = append(free[i], number)
			}
		}
	}
	return most(free, used) >= int(c.quorum)-len(c.filled)
}
