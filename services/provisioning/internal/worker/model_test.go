package worker_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
)

// A random story: grants come and go over several accounts while the target
// fails in every way and workers are killed and doubled. At its end the target
// shows exactly what is granted, and each order was settled once.
func TestWhateverHappensTheTargetEndsAsGranted(t *testing.T) {
	t.Parallel()
	for seed := range testkit.Count(200) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			story(t, uint64(seed))
		})
	}
}

func story(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	s := newSystem()
	moods := rand.New(rand.NewPCG(seed, 2))
	s.mood = func(int) mood {
		switch moods.IntN(12) {
		case 0:
			return mood{down: true}
		case 1:
			return mood{hangs: true}
		case 2:
			return mood{lies: true}
		case 3:
			return mood{loses: true}
		case 4:
			return mood{bars: map[string]bool{account(moods.IntN(6)): true}}
		case 5:
			return mood{bars: map[string]bool{account(moods.IntN(6)) + "/writer": true}}
		}
		return mood{}
	}
	d := onSystem(t, s)
	d.call = 5 * time.Millisecond
	_, kill := d.start()
	_, killOther := d.start()                 // a second replica
	granted := map[string]map[string]string{} // account → grant → role
	for i := range 60 {
		a := account(random.IntN(6))
		held := granted[a]
		if held == nil {
			held = map[string]string{}
			granted[a] = held
		}
		if len(held) > 0 && random.IntN(2) == 0 {
			var grants []string
			for g := range held {
				grants = append(grants, g)
			}
			slices.Sort(grants)
			g := grants[random.IntN(len(grants))]
			d.order(orders.Remove, a, held[g], g)
			delete(held, g)
		} else {
			g, role := fmt.Sprint("g", i), []string{"reader", "writer", "owner"}[random.IntN(3)]
			d.order(orders.Add, a, role, g)
			held[g] = role
		}
		switch random.IntN(15) {
		case 0:
			kill()
			_, kill = d.start()
		case 1:
			killOther()
			_, killOther = d.start()
		}
	}
	d.until("every order", settled)
	kill()
	killOther()
	for a, held := range granted {
		var want []string
		for _, role := range held {
			if r := "app/" + role; !slices.Contains(want, r) {
				want = append(want, r)
			}
		}
		slices.Sort(want)
		d.check(s, a, len(want) > 0, want...)
	}
	if err := d.exactlyOnce(); err != nil {
		t.Error(err)
	}
	if s.overlap {
		t.Error("one batch changed an account twice")
	}
	inOrder(d)
}

// inOrder checks that each right was settled oldest first, and that no addition
// passed a removal.
func inOrder(d *desk) {
	placed := map[string]eventstore.Fact{}
	for _, f := range events[*provisioningv1.ProvisioningOrdered](d) {
		placed[f.Message.(*provisioningv1.ProvisioningOrdered).GetOrderId()] = f
	}
	last, passed := map[string]eventstore.Fact{}, map[string][]eventstore.Fact{}
	for _, f := range events[*provisioningv1.ProvisioningCompleted](d) {
		o := f.Message.(*provisioningv1.ProvisioningCompleted)
		of, lane, now := o.GetAccount()+" "+o.GetRole(), o.GetAccount(), placed[o.GetOrderId()]
		if now.Version < last[of].Version {
			d.t.Errorf("%s was settled after a later order of its right", o.GetOrderId())
		}
		last[of] = now
		if o.GetOperation() == orders.Remove {
			for _, added := range passed[lane] {
				if added.Version > now.Version {
					d.t.Errorf("%v passed the removal %s", added.Message, o.GetOrderId())
				}
			}
			continue
		}
		passed[lane] = append(passed[lane], now)
	}
}
