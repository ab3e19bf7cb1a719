package notify

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/internal/platform/queue"
)

// What a gateway says is stored with what others say, in one transaction: a name of many long letters must not end it.
func TestALongNameEndsNoTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		device, site := strings.Repeat("d", 64), strings.Repeat("鍵", 200)
		for range 2 {
			w.tx(func(tx *db.Tx) error {
				return w.Stopped(tx, w.place, device, words.Device{Class: "phone"}, site, w.opts.Now())
			})
		}
		w.pass(time.Minute)
		w.send()
		if got := w.statuses(); got != "stopped email sent 1" {
			t.Error(got)
		}
		w.tx(func(tx *db.Tx) error { _, err := w.EraseDevice(tx, w.place, device); return err })
		var left int
		w.tx(func(tx *db.Tx) error {
			return tx.Row(`SELECT COUNT(*) FROM notify_known WHERE tenant = ? AND home = ? AND subject <> ''`, w.place.Tenant, w.place.Home).Scan(&left)
		})
		if left != 0 {
			t.Errorf("%d sites are left of a device that was erased", left)
		}
	})
}

// A home of which something cannot be found out holds nobody else up, and is told when it can be.
func TestAHomeThatCannotBeReadHoldsNobodyUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		other, broken := home.Place{Tenant: w.place.Tenant, Home: "h0"}, true
		people := w.opts.People
		w.opts.People = func(ctx context.Context, p home.Place) ([]Person, error) {
			if p.OfHome() != other {
				return people(ctx, p)
			}
			if broken {
				return nil, errors.New("its zone is not known")
			}
			return []Person{{ID: "resident-2", Email: "bert@example.org"}}, nil
		}
		w.tx(func(tx *db.Tx) error { return w.Case(tx, other, camera("i0", home.StateContained)) })
		w.pass(time.Second)
		w.tell(camera("i1", home.StateContained))
		w.pass(time.Minute)
		w.send()
		if got := w.statuses(); got != "infected email sent 1" {
			t.Errorf("while a home cannot be read: %q", got)
		}
		broken = false
		w.pass(2 * time.Minute)
		w.send()
		if got := w.statuses(); got != "infected email sent 1; infected email sent 1" {
			t.Errorf("when it can be again: %q", got)
		}
	})
}

// What waited for its turn until somebody else may have taken it is not sent: the other sends it.
func TestWhatIsTakenForTooLongIsSentByWhoTookItLast(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.tell(camera("i1", home.StateContained))
		w.pass(time.Minute)
		mine, _, err := w.due(t.Context())
		if err != nil || len(mine) != 1 {
			t.Fatal(mine, err)
		}
		w.pass(queue.Lease)
		theirs, err := w.process(w.opts.Keys).take(t.Context())
		if err != nil || len(theirs) != 1 {
			t.Fatal(theirs, err)
		}
		for _, todo := range [][]delivery{theirs, mine} {
			if err := w.deliver(t.Context(), todo[0]); err != nil {
				t.Fatal(err)
			}
		}
		if mails := w.mail.got(); len(mails) != 1 {
			t.Errorf("%d mails of one message", len(mails))
		}
		if got := w.statuses(); got != "infected email sent 2" {
			t.Error(got)
		}
	})
}
