package notify

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

func (w *world) change(f func(*Settings)) {
	w.t.Helper()
	if _, err := w.Change(w.t.Context(), w.place.Tenant, w.people[0], -1, f); err != nil {
		w.t.Fatal(err)
	}
}

func TestSettingsAreKeptTo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe()
		ctx, tenant := t.Context(), w.place.Tenant
		s, err := w.Settings(ctx, tenant, resident)
		if err != nil || s.Version != 0 || !s.Channels[Push].Critical || s.Channels[Webhook].any() {
			t.Fatalf("%+v, %v", s, err)
		}
		noMail := func(s *Settings) { s.Channels[Email] = Choice{}; s.Language = "de" }
		if s, err = w.Change(ctx, tenant, w.people[0], 0, noMail); err != nil || s.Version != 1 {
			t.Fatalf("%+v, %v", s, err)
		}
		if _, err := w.Change(ctx, tenant, w.people[0], 0, noMail); !errors.Is(err, ErrChanged) {
			t.Errorf("a change of what is no more: %v", err)
		}
		for name, bad := range map[string]func(*Settings){
			"language": func(s *Settings) { s.Language = "xx" }, "way": func(s *Settings) { s.Channels["pigeon"] = Choice{Critical: true} },
			"quiet": func(s *Settings) { s.Quiet = &Quiet{60, 60} }, "quiet beyond the day": func(s *Settings) { s.Quiet = &Quiet{0, 1440} },
			"reports by text message": func(s *Settings) { s.Channels[SMS] = Choice{Report: true} },
		} {
			if _, err := w.Change(ctx, tenant, w.people[0], -1, bad); !errors.Is(err, ErrSettings) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.tell(camera("i1", home.StateContained))
		w.pass(gather)
		w.send()
		if got := w.statuses(); got != "infected push sent 1" {
			t.Error(got)
		}
		if texts, _, _ := w.web.got(); !strings.Contains(texts[0], "Ihr Gerät „Kitchen“ sendet Daten") {
			t.Errorf("%q", texts)
		}
	})
}

// TestWhoDoesNotChooseIsAskedOnce: until they are asked and when they do not want to choose, what is critical comes by e-mail; and where no
// way leads to them yet they may still say so.
func TestWhoDoesNotChooseIsAskedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ctx, tenant := t.Context(), w.place.Tenant
		before, err := w.Settings(ctx, tenant, resident)
		if err != nil || before.Asked() || !before.Channels[Email].Critical {
			t.Fatalf("%+v, %v", before, err)
		}
		w.tell(camera("i1", home.StateContained))
		w.pass(gather)
		w.send()
		if got := w.statuses(); got != "infected email sent 1" {
			t.Error(got)
		}
		nothing := func(*Settings) {}
		s, err := w.Change(ctx, tenant, w.people[0], 0, nothing)
		if err != nil || !s.Asked() || !maps.Equal(s.Channels, before.Channels) {
			t.Errorf("%+v, %v", s, err)
		}
		if stored, err := w.Settings(ctx, tenant, resident); err != nil || !stored.Asked() || !maps.Equal(stored.Channels, before.Channels) {
			t.Errorf("%+v, %v", stored, err)
		}
		if _, err := w.Change(ctx, tenant, w.people[0], 0, nothing); !errors.Is(err, ErrChanged) {
			t.Errorf("asked again beside another answer: %v", err)
		}
		w.opts.SMTP.Server, w.opts.Channels = "", Channels{"example": {Provider: "example", Webhook: &Hook{URL: "https://example.net/"}}}
		ben := Person{ID: "resident-2", Email: "ben@example.org"}
		if can, err := w.Can(ctx, tenant, ben); err != nil || can[Email] || !can[Webhook] {
			t.Fatalf("%v, %v", can, err)
		}
		if s, err := w.Change(ctx, tenant, ben, -1, func(s *Settings) { s.Language = "de" }); err != nil || !s.Asked() || s.Language != "de" {
			t.Errorf("a language where only a webhook leads to them: %+v, %v", s, err)
		}
		w.opts.Channels = Channels{w.place.Tenant: {Language: "de"}}
		for person, want := range map[string]string{ben.ID: "de", resident: "de"} { // his own, and the provider's
			if got, err := w.Language(ctx, tenant, person); err != nil || got != want {
				t.Errorf("%s is told in %q, %v", person, got, err)
			}
		}
		w.opts.Channels = nil
		if got, err := w.Language(ctx, tenant, resident); err != nil || got != "en" {
			t.Errorf("where nobody chose: %q, %v", got, err)
		}
	})
}

// TestNobodyIsLeftOutOfWhatIsCritical: not by what they choose, and not by what changed since.
func TestNobodyIsLeftOutOfWhatIsCritical(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	nothing := func(s *Settings) {
		for _, way := range Ways {
			s.Channels[way] = Choice{Info: way == Email}
		}
	}
	if _, err := w.Change(t.Context(), w.place.Tenant, w.people[0], -1, nothing); !errors.Is(err, ErrOptOut) {
		t.Errorf("%v", err)
	}
	onlyPush := func(s *Settings) { nothing(s); s.Channels[Push] = Choice{Critical: true} }
	if _, err := w.Change(t.Context(), w.place.Tenant, w.people[0], -1, onlyPush); !errors.Is(err, ErrOptOut) {
		t.Errorf("push without a browser: %v", err)
	}
	w.subscribe()
	w.change(onlyPush)
	if err := w.Unsubscribe(t.Context(), w.place.Tenant, resident, w.web.subscription().Endpoint); err != nil {
		t.Fatal(err)
	}
	w.tell(camera("i1", home.StateContained))
	w.tell(camera("odd", home.StateOpen))
	w.pass(2 * calm)
	w.send()
	if got := w.statuses(); got != "infected email sent 1" {
		t.Error(got)
	}
}

func TestQuietHoursAreTheHomesOwn(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.household.Zone = home.Zone{Offsets: []home.Offset{{Seconds: 14 * 3600}}} // 08:00 UTC is 22:00 there
	w.change(func(s *Settings) { s.Quiet = &Quiet{22 * 60, 7 * 60} })
	w.tell(camera("odd", home.StateOpen))
	w.pass(calm)
	w.send()
	if got := w.statuses(); got != "odd email waiting 0" {
		t.Fatal(got)
	}
	hard := camera("i1", home.StateContained)
	w.tell(hard)
	w.pass(gather)
	w.send()
	if got := w.statuses(); got != "odd email waiting 0; infected email sent 1" {
		t.Errorf("what is critical breaks through: %s", got)
	}
	w.pass(9*time.Hour - calm - gather - time.Second)
	w.send()
	if n := len(w.mail.got()); n != 1 {
		t.Errorf("%d mails a second before seven", n)
	}
	w.pass(time.Second)
	w.send()
	if got := w.statuses(); got != "odd email sent 1; infected email sent 1" {
		t.Error(got)
	}
}

func TestQuietHours(t *testing.T) {
	berlin := home.Zone{Offsets: []home.Offset{{Seconds: 3600}, {From: time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC), Seconds: 7200}}}
	for _, c := range []struct {
		quiet     Quiet
		now, want string
		zone      home.Zone
	}{
		{Quiet{22 * 60, 7 * 60}, "2027-01-15 21:59", "2027-01-15 21:59", home.Zone{}},
		{Quiet{22 * 60, 7 * 60}, "2027-01-15 22:00", "2027-01-16 07:00", home.Zone{}},
		{Quiet{22 * 60, 7 * 60}, "2027-01-15 06:59", "2027-01-15 07:00", home.Zone{}},
		{Quiet{22 * 60, 7 * 60}, "2027-01-15 07:00", "2027-01-15 07:00", home.Zone{}},
		{Quiet{13 * 60, 15 * 60}, "2027-01-15 14:30", "2027-01-15 15:00", home.Zone{}},
		{Quiet{22 * 60, 7 * 60}, "2027-01-15 21:30", "2027-01-16 06:00", berlin},
		{Quiet{22 * 60, 7 * 60}, "2027-03-27 23:00", "2027-03-28 05:00", berlin}, // the night is an hour shorter
	} {
		now, _ := time.Parse("2006-01-02 15:04", c.now)
		s := Settings{Quiet: &c.quiet}
		if got := s.after(now, c.zone, Important, words.Odd).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
		if got := s.after(now, c.zone, Critical, words.Infected); !got.Equal(now) {
			t.Errorf("critical waits until %v", got)
		}
	}
}

func TestATestMessageComesToWhoAskedOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.people = append(w.people, Person{ID: "resident-2", Email: "ben@example.org"})
		w.subscribe()
		if err := w.Test(t.Context(), w.place, resident, Email); err != nil {
			t.Fatal(err)
		}
		w.send()
		mails := w.mail.got()
		if got := w.statuses(); got != "test email sent 1" || !strings.Contains(mails[0], "anna@example.org") || !strings.Contains(mails[0], "This is a test") {
			t.Errorf("%s %q", got, mails)
		}
		var err error
		for range testsHour {
			err = w.Test(t.Context(), w.place, resident)
		}
		if !errors.Is(err, ErrTooMany) {
			t.Errorf("the %dth test: %v", testsHour+1, err)
		}
	})
}

func TestDeliveriesAreSeenByTheirPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for i := range 5 {
			c := camera(fmt.Sprint("i", i), home.StateContained)
			c.Kind = home.Infection(fmt.Sprint("kind ", i))
			w.tell(c)
			w.pass(gather)
			w.send()
		}
		ctx, tenant := t.Context(), w.place.Tenant
		var all []Delivery
		for after := ""; ; {
			page, next, err := w.Deliveries(ctx, tenant, resident, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page...)
			if after = next; next == "" {
				break
			}
		}
		if len(all) != 5 || all[0].Status != "sent" || all[0].Sent.IsZero() || all[0].Level != "critical" || all[0].Made.Before(all[4].Made) {
			t.Errorf("%+v", all)
		}
		if list, _, err := w.Deliveries(ctx, tenant, "somebody else", "", 10); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		if list, _, err := w.Deliveries(ctx, "another tenant", resident, "", 10); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		if _, _, err := w.Deliveries(ctx, tenant, resident, "no cursor", 10); !errors.Is(err, ErrCursor) {
			t.Error(err)
		}
	})
}

func TestAMessageCanBeChecked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.mail.set("451 not now")
		w.tell(camera("i1", home.StateContained))
		w.pass(gather)
		w.send()
		list, _, err := w.Deliveries(t.Context(), w.place.Tenant, resident, "", 1)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		code := list[0].Check
		if _, err := w.Genuine(t.Context(), code); !errors.Is(err, ErrUnknown) {
			t.Errorf("of a message that was not sent: %v", err)
		}
		w.mail.set("")
		w.pass(time.Minute)
		w.send()
		for n, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", " "), strings.NewReplacer("0", "O", "1", "l").Replace(code)} {
			g, err := w.Genuine(t.Context(), typed)
			if err != nil || g.Provider != "Example Net" || g.Way != "email" || g.Kind != "infected" || g.Checked != int64(n) || !g.At.Equal(w.opts.Now()) {
				t.Errorf("%q: %+v, %v", typed, g, err)
			}
		}
		for _, bad := range []string{"", "AAAAA-AAAAA", code + "A", code[:5], "%", strings.Repeat("A", 1000)} {
			if _, err := w.Genuine(t.Context(), bad); !errors.Is(err, ErrUnknown) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if mails := w.mail.got(); !strings.Contains(strings.ReplaceAll(mails[0], "=\n", ""), code) {
			t.Errorf("the e-mail has no %s: %q", code, mails)
		}
	})
}
