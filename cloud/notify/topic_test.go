package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

func (w *world) joined(id string, d words.Device, held bool) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) error {
		return w.NewDevice(tx, w.place, Joined{ID: id, Device: d, First: w.opts.Now(), Held: held})
	})
}

// last is the text of the latest push.
func (w *world) last() string {
	w.t.Helper()
	texts, _, errs := w.web.got()
	if len(texts) == 0 || len(errs) > 0 {
		w.t.Fatalf("nothing was pushed; %v", errs)
	}
	return texts[len(texts)-1]
}

func TestNewDevicesAreToldOnceAndTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe()
		w.tx(func(tx *db.Tx) error { return w.Home(tx, w.place) })
		w.joined("own", words.Device{Class: "tv"}, false) // a home that begins has devices
		w.pass(2 * settling)
		w.send()
		w.joined("a", words.Device{Name: hostile, Class: "camera", Vendor: "Acme"}, false)
		w.joined("a", words.Device{Name: hostile, Class: "camera", Vendor: "Acme"}, false)
		w.joined("b", words.Device{}, false)
		w.pass(together)
		w.send()
		if got := w.statuses(); got != "new email sent 1; new push sent 1" {
			t.Fatal(got)
		}
		if got := w.last(); !strings.Contains(got, "2 new devices joined: probably a camera by Acme; we don't know yet what it is. Do you recognise them?") {
			t.Error(got)
		}
		for i := range 30 { // a gateway that invents devices tells of them seldom
			w.joined(fmt.Sprint("c", i), words.Device{}, false)
			w.pass(time.Minute)
			w.send()
		}
		if texts, _, _ := w.web.got(); len(texts) > 4 {
			t.Errorf("%d messages in half an hour", len(texts))
		}
		w.pass(time.Hour)
		w.send()
		w.tx(func(tx *db.Tx) error {
			return w.NewDevice(tx, w.place, Joined{ID: "old", First: w.opts.Now().Add(-Fresh - time.Hour)})
		})
		w.pass(time.Hour)
		before := len(w.statuses())
		w.send()
		if len(w.statuses()) != before {
			t.Error("a device that was there before we were told is news")
		}
	})
}

func TestADeviceThatWaitsForAYesIsToldAtOnce(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.subscribe()
	w.household.Approve = home.ApproveOff // it is held all the same: somebody has to say yes
	w.joined("a", words.Device{Class: "plug"}, true)
	w.pass(together)
	w.send()
	if got := w.last(); !strings.Contains(got, "probably a smart plug. It has no internet until you say yes. Do you recognise it?") {
		t.Error(got)
	}
	w.pass(2 * settling)
	w.joined("b", words.Device{Class: "plug"}, false) // and this home does not want to hear of others
	w.pass(time.Hour)
	w.send()
	if texts, _, _ := w.web.got(); len(texts) != 1 {
		t.Errorf("%q", texts)
	}
}

func TestPortsAndStoppedSites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe()
		camera := words.Device{Name: "Kitchen", Class: "camera"}
		now := w.opts.Now()
		w.tx(func(tx *db.Tx) error {
			for range 2 {
				if err := w.Port(tx, w.place, "d1", camera, "tcp", 8080, now); err != nil {
					return err
				}
			}
			return w.Port(tx, w.place, "d1", camera, "tcp", 443, now)
		})
		w.pass(together)
		w.send()
		if got := w.last(); !strings.Contains(got, "Kitchen can be reached from the internet on ports 8080 and 443. If you didn't set this up, close it.") {
			t.Error(got)
		}
		for range 3 {
			w.tx(func(tx *db.Tx) error {
				return w.Stopped(tx, w.place, "d2", words.Device{Name: "Phone", Class: "phone"}, "login.bad.example", now)
			})
		}
		w.pass(together)
		w.send()
		if got := w.last(); !strings.Contains(got, "We stopped Phone opening a site known for stealing passwords (login.bad.example). No action needed, unless you already typed a password there.") {
			t.Error(got)
		}
		for _, mail := range w.mail.got() {
			if strings.Contains(mail, "bad.example") || strings.Contains(mail, "Kitchen") {
				t.Errorf("an e-mail tells too much: %q", mail)
			}
		}
		if got := w.statuses(); got != "port email sent 1; port push sent 1; stopped email sent 1; stopped push sent 1" {
			t.Error(got)
		}
		for i := range 20 { // somebody clicks on many
			w.tx(func(tx *db.Tx) error {
				return w.Stopped(tx, w.place, "d2", words.Device{}, fmt.Sprint("bad", i, ".example"), w.opts.Now())
			})
			w.pass(time.Minute)
			w.send()
		}
		if texts, _, _ := w.web.got(); len(texts) != 2 {
			t.Errorf("%d messages", len(texts))
		}
	})
}

// TestWhereAnothersDeviceWentIsNotTold: who may not see a device's destinations does not get them by a message either.
func TestWhereAnothersDeviceWentIsNotTold(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.subscribe()
	w.hidden = map[home.DeviceID]bool{"theirs": true}
	w.tx(func(tx *db.Tx) error {
		return w.Stopped(tx, w.place, "theirs", words.Device{Name: "Phone"}, "login.bad.example", w.opts.Now())
	})
	odd := camera("odd", home.StateOpen)
	odd.DeviceID, odd.Contact = "theirs", "secret.example"
	w.tell(odd)
	w.pass(2 * calm)
	w.send()
	texts, _, _ := w.web.got()
	if len(texts) != 2 || strings.Contains(strings.Join(texts, " "), ".example") && strings.Contains(strings.Join(texts, " "), "secret") || strings.Contains(strings.Join(texts, " "), "bad.example") {
		t.Errorf("%q", texts)
	}
}

func TestAReportIsToldOnceAndByChoice(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.subscribe()
	w.change(func(s *Settings) { s.Channels[Push] = Choice{Critical: true, Important: true, Info: true} })
	for range 2 {
		w.tx(func(tx *db.Tx) error {
			return w.Report(tx, w.place, "2026-W47", words.Week{Clear: true, Told: 7, Stopped: 3})
		})
	}
	w.send()
	if got := w.statuses(); got != "report email sent 1" {
		t.Error(got)
	}
	if mails := w.mail.got(); !strings.Contains(mails[0], "All clear") || !strings.Contains(mails[0], "/reports/2026-W47") {
		t.Errorf("%q", mails)
	}
}

func TestOldThingsGoAndOpenCasesStay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe()
		w.tell(camera("i1", home.StateContained))
		w.joined("a", words.Device{}, true)
		w.pass(time.Hour)
		w.send()
		w.pass(keep + time.Hour)
		if err := w.trim(t.Context(), w.opts.Now().Add(-keep)); err != nil {
			t.Fatal(err)
		}
		if got := w.statuses(); got != "" {
			t.Errorf("kept: %s", got)
		}
		vendor := camera("i1", home.StateContained) // after thirty days it is held otherwise: that is no new alarm
		vendor.Mode = home.ModeVendorOnly
		w.tell(vendor)
		w.pass(time.Minute)
		w.send()
		if got := w.statuses(); got != "" {
			t.Errorf("told again: %s", got)
		}
	})
}
