package notify

import (
	"strings"
	"testing"
	"time"

	"cardea/cloud/notify/words"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
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
